package migrate

import (
	"cmp"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// isThresholds recognises nothing by itself: maps of thresholds are variables
// of Terraform, which several sources read.
func isThresholds(d *document) bool { return isThresholdMap(d.root) }

// isThresholdMap recognises a map "namespace/app": {max_cpu, max_mem,
// max_crash_count, receiver}.
func isThresholdMap(v *tree.Value) bool {
	if !v.Is(tree.Map) || len(v.Items()) == 0 {
		return false
	}
	found := false
	for i, item := range v.Items() {
		if !item.Is(tree.Map) {
			return false
		}
		found = found || item.First("max_cpu", "max_mem", "max_memory", "max_crash_count") != nil || item.Get("receiver") != nil && strings.Contains(v.Keys()[i], "/")
	}
	return found
}

func readThresholds(in *intake) {
	known := make(map[string]bool)
	for _, d := range in.documents {
		for _, name := range d.root.Keys() {
			if list := d.root.Get(name); list.Is(tree.List) && strings.Contains(name, "receiver") {
				for _, receiver := range list.Texts() {
					known[receiverKey(receiver)] = true
				}
				list.Touch()
			}
		}
	}
	in.variables(isThresholdMap, func(_ string, v *tree.Value) {
		v.Touch()
		for _, key := range v.Keys() {
			in.app(key, v.Get(key), known)
		}
	})
}

// app reads one application: "namespace/deployment", or its name alone.
func (in *intake) app(key string, v *tree.Value, known map[string]bool) {
	v.Touch()
	in.subject(v, key)
	namespace, name, found := strings.Cut(key, "/")
	if !found {
		namespace, name = "", key
	}
	app := &App{Source: in.source.name, Service: name, Group: namespace, Thresholds: settings(), Resource: cmp.Or(named(path.Base(name)), "app"), Settings: settings(), At: v.At}
	app.Thresholds.set("cpu", in.share(v.First("max_cpu"), key))
	app.Thresholds.set("memory", in.share(v.First("max_mem", "max_memory"), key))
	app.Thresholds.set("disk", in.share(v.First("max_disk"), key))
	app.Team = in.receiver(v.Get("receiver"), known, key)
	if namespace == "" {
		in.report.add(LeftOut, v.At, key, "", "without a namespace it cannot be found in the cluster: write the key as namespace/deployment")
		v.Read()
		return
	}
	app.Settings.set("kubernetes", settings("namespace", namespace, "workload", name))
	in.estate.apps = append(in.estate.apps, app)
}

// share reads a limit: a share such as 0.8, or 80 for as many per cent.
func (in *intake) share(v *tree.Value, key string) string {
	text := strings.TrimSuffix(v.Peek(), "%")
	n, err := strconv.ParseFloat(text, 64)
	switch {
	case v.Empty():
		return ""
	case err != nil || n <= 0 || n > 100:
		in.lose(v, key, v.Key(), "%q is no share of a limit (want 0.8 or 80)", v.Peek())
		return ""
	case n > 1 || strings.HasSuffix(v.Peek(), "%"):
		n /= 100
	}
	v.Read()
	return strconv.FormatFloat(math.Round(n*100000)/1000, 'f', -1, 64) + "%"
}

// receiverKey is a receiver's name without the differences that typing makes.
func receiverKey(name string) string { return strings.ReplaceAll(strings.ToUpper(name), "-", "_") }

// receiver is the team behind a receiver of Alertmanager, such as
// SLACK_WEBHOOK_SHOP: its kind and its team are in the name.
func (in *intake) receiver(v *tree.Value, known map[string]bool, app string) string {
	name := v.Text()
	if name == "" {
		return ""
	}
	if len(known) > 0 && !known[receiverKey(name)] {
		in.report.add(Changed, v.At, app, "receiver", "%s is not in the list of receivers of the same file; it has a team all the same", name)
	}
	words := strings.Split(receiverKey(name), "_")
	kind := ""
	for _, word := range []string{"SLACK", "TEAMS", "PAGERDUTY", "EMAIL"} {
		if slices.Contains(words, word) {
			kind = word
		}
	}
	words = slices.DeleteFunc(words, func(word string) bool {
		return slices.Contains([]string{"SLACK", "TEAMS", "MSTEAMS", "PAGERDUTY", "EMAIL", "WEBHOOK", "URL", "CHANNEL", "RECEIVER", ""}, word)
	})
	called := cmp.Or(strings.ToLower(strings.Join(words, "-")), strings.ToLower(name))
	team := in.estate.team("receiver:"+called, called, v.At)
	c := channel{team: team, kind: kind, name: name, owner: v}
	switch {
	case kind == "SLACK" && team.Channels.values["slack"] == nil:
		in.slackOf(c, in.secretOf("", v.At, "the Slack webhook of "+name, "slack", called), "")
	case kind == "TEAMS" && team.Channels.values["teams"] == nil:
		c.team.Channels.set("teams", settings("webhook_file", in.secretOf("", v.At, "the Teams webhook of "+name, "teams", called)))
	case kind == "PAGERDUTY" && team.Channels.values["pagerduty"] == nil:
		c.team.Channels.set("pagerduty", settings("routing_key_file", in.secretOf("", v.At, "the PagerDuty routing key of "+name, "pagerduty", called)))
	}
	return team.Key
}

// thresholdNotes are the reasons for what is not read.
func thresholdNotes() map[string]Note {
	return map[string]Note{
		"max_crash_count": {NotCarried, "the catalogue has no threshold for restarts"},
	}
}
