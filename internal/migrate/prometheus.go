package migrate

import (
	"cmp"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// job is one scrape job, as far as probes are concerned.
type job struct {
	*blackbox
	file     string
	v        *tree.Value
	name     string
	relabel  []*relabel.Config
	interval time.Duration
	timeout  time.Duration
}

// prometheus reads the scrape jobs that ask through blackbox_exporter. Others
// are Prometheus' own matter.
func (b *blackbox) prometheus(d *document) {
	global := d.root.Get("global")
	usual := schedule{interval: cmp.Or(promSpan(global.Get("scrape_interval")), time.Minute), timeout: cmp.Or(promSpan(global.Get("scrape_timeout")), 10*time.Second)}
	for _, v := range jobs(d.root) {
		b.job(d.name, v, v.Get("job_name").Text(), usual)
	}
}

// jobs are the scrape jobs of a configuration of Prometheus, or of a list of
// further ones, as its operator is given.
func jobs(root *tree.Value) []*tree.Value {
	if root.Is(tree.List) {
		return root.Items()
	}
	return root.Get("scrape_configs").Items()
}

// isJobs recognises a list of scrape jobs by itself.
func isJobs(root *tree.Value) bool {
	return root.Is(tree.List) && len(root.Items()) > 0 &&
		!slices.ContainsFunc(root.Items(), func(v *tree.Value) bool { return v.Get("job_name") == nil })
}

// job reads one scrape job.
func (b *blackbox) job(file string, v *tree.Value, name string, usual schedule) {
	j := &job{blackbox: b, file: file, v: v, name: name}
	b.subject(v, "job "+j.name)
	if !j.probes() {
		v.Read()
		b.report.add(Nothing, v.At, "job "+j.name, "", "asks no probe: Prometheus goes on reading it")
		return
	}
	b.jobs++
	j.interval = cmp.Or(promSpan(v.Get("scrape_interval")), usual.interval)
	j.timeout = cmp.Or(promSpan(v.Get("scrape_timeout")), min(usual.timeout, j.interval))
	if j.rules(v.Get("relabel_configs")) {
		j.all()
	}
}

// probes says whether the job asks through an exporter of probes.
func (j *job) probes() bool {
	if strings.HasSuffix(j.v.Get("metrics_path").Peek(), "/probe") || j.v.Find("params", "module") != nil {
		return true
	}
	return slices.ContainsFunc(j.v.Get("relabel_configs").Items(), func(rule *tree.Value) bool {
		label := rule.Get("target_label").Peek()
		return label == "__param_target" || label == "__param_module"
	})
}

// rules reads the relabelling, so that Prometheus' own package can do it.
func (j *job) rules(v *tree.Value) bool {
	for _, rule := range v.Items() {
		config := relabel.DefaultRelabelConfig
		config.NameValidationScheme = model.UTF8Validation
		for _, name := range rule.Get("source_labels").Texts() {
			config.SourceLabels = append(config.SourceLabels, model.LabelName(name))
		}
		config.TargetLabel = rule.Get("target_label").Text()
		config.Action = relabel.Action(strings.ToLower(cmp.Or(rule.Get("action").Text(), string(relabel.Replace))))
		config.Modulus = uint64(max(0, rule.Get("modulus").Int()))
		if separator := rule.Get("separator"); separator != nil {
			config.Separator = separator.Text()
		}
		if replacement := rule.Get("replacement"); replacement != nil {
			config.Replacement = replacement.Text()
		}
		if expression := rule.Get("regex"); expression != nil {
			regex, err := relabel.NewRegexp(expression.Text())
			if err != nil {
				j.leave(j.v, "job "+j.name, "%s: the expression of a relabelling rule is malformed: %v", expression.At, err)
				return false
			}
			config.Regex = regex
		}
		if err := config.Validate(model.UTF8Validation); err != nil {
			j.leave(j.v, "job "+j.name, "%s: a relabelling rule is malformed: %v", rule.At, err)
			return false
		}
		rule.Read()
		j.relabel = append(j.relabel, &config)
	}
	return true
}

// all reads the job's targets, wherever they come from.
func (j *job) all() {
	for _, key := range []string{"metrics_path", "scheme"} {
		j.v.Get(key).Read()
	}
	j.groups(j.v.Get("static_configs"))
	for _, sd := range j.v.Get("file_sd_configs").Items() {
		for _, pattern := range sd.Get("files").Texts() {
			j.files(pattern, sd.At)
		}
		sd.Read()
	}
	for _, key := range j.v.Keys() {
		provider, is := strings.CutSuffix(key, "_sd_configs")
		if !is || provider == "file" {
			continue
		}
		reason := "the targets are known only to " + provider + ": save them as a file for file_sd_configs, and import that"
		switch provider {
		case "kubernetes":
			reason = "the targets come from the cluster: Tocsin finds them itself, by a template in the catalogue's discovery (docs/catalogue.md)"
		case "http":
			reason = "the targets come from an address that answers: Tocsin asks it itself, by a template in the catalogue's discovery (docs/catalogue.md), or save the answer as a file and import that"
		}
		j.leave(j.v.Get(key), "job "+j.name+" "+key, "%s", reason)
	}
	j.v.Get("params").Read()
}

// files reads the files of a pattern: those that were given, or else from the
// folder of the configuration.
func (j *job) files(pattern string, at tree.Position) {
	found := false
	for _, name := range slices.Sorted(maps.Keys(j.targets)) {
		d := j.targets[name]
		if matches, _ := filepath.Match(filepath.Base(pattern), filepath.Base(name)); matches {
			found = true
			j.listed[name] = true
			j.groups(d.root)
		}
	}
	if found || j.options.Match == nil || j.options.Read == nil {
		j.missing(found, pattern, at)
		return
	}
	if !filepath.IsAbs(pattern) {
		pattern = filepath.Join(filepath.Dir(j.file), pattern)
	}
	names, _ := j.options.Match(pattern)
	for _, name := range names {
		text, err := j.options.Read(name)
		if err != nil {
			j.report.add(LeftOut, at, "job "+j.name, "", "%v", err)
			continue
		}
		documents, err := opened(Input{Name: name, Text: text})
		if err != nil || len(documents) == 0 || !isTargets(documents[0].root) {
			j.report.add(LeftOut, at, "job "+j.name, "", "%s is no file of targets", name)
			continue
		}
		found = true
		j.importer.documents = append(j.importer.documents, &document{name: name, root: documents[0].root, source: j.source})
		j.groups(documents[0].root)
	}
	j.missing(found, pattern, at)
}

func (j *job) missing(found bool, pattern string, at tree.Position) {
	if !found {
		j.report.add(LeftOut, at, "job "+j.name, "", "no file matches %s: import the file of targets, too", pattern)
	}
}

// groups reads static_configs, or a file of the same shape.
func (j *job) groups(v *tree.Value) {
	for _, group := range v.Items() {
		given := group.Get("labels")
		for _, item := range group.Get("targets").Items() {
			set := map[string]string{
				"__address__": item.Text(), "job": j.name,
				"__scheme__":       cmp.Or(j.v.Get("scheme").Text(), "http"),
				"__metrics_path__": cmp.Or(j.v.Get("metrics_path").Text(), "/metrics"),
			}
			for _, name := range j.v.Get("params").Keys() {
				if values := j.v.Get("params").Get(name).Texts(); len(values) > 0 {
					set["__param_"+name] = values[0]
				}
			}
			for _, name := range given.Keys() {
				set[name] = given.Get(name).Text()
			}
			j.target(set, given, item)
		}
	}
}

// target relabels as Prometheus does, and asks what comes out.
func (j *job) target(set map[string]string, given, item *tree.Value) {
	relabelled, keep := relabel.Process(labels.FromMap(set), j.relabel...)
	if !keep {
		j.report.add(Nothing, item.At, item.Text(), "", "the job's relabelling drops it")
		return
	}
	t := target{
		address: relabelled.Get("__param_target"), module: cmp.Or(relabelled.Get("__param_module"), "http_2xx"),
		hostname: relabelled.Get("__param_hostname"), interval: j.interval, timeout: j.timeout, at: item.At,
	}
	if t.address == "" {
		j.report.add(LeftOut, item.At, item.Text(), "", "no relabelling rule of the job %s sets __param_target, so nothing would be asked", j.name)
		return
	}
	if override := promDuration(relabelled.Get("__scrape_interval__")); override > 0 {
		t.interval = override
	}
	t.service, t.team = j.said(relabelled, set)
	if t.service == "" && labels.FromMap(set).Get("instance") == "" {
		if instance := relabelled.Get("instance"); instance != t.address && named(instance) != "" && !strings.Contains(instance, "://") && hostOf(instance) != hostOf(t.address) {
			t.service = instance
		}
	}
	if t.service == "" { // asked behind another address, and known by its own name
		t.service = t.hostname
	}
	if t.team != "" {
		t.team = j.labelled(t.team, item.At)
	}
	j.others(given)
	j.ask(t)
}

// said reads the labels that name the service and the team.
func (j *job) said(relabelled labels.Labels, set map[string]string) (service, team string) {
	for _, name := range []string{"service", "service_name", "app", "application", "name", "site"} {
		service = cmp.Or(service, relabelled.Get(name), set[name])
	}
	for _, name := range []string{"team", "owner", "squad"} {
		team = cmp.Or(team, relabelled.Get(name), set[name])
	}
	return service, team
}

// others reports the labels that are neither. They were read to relabel.
func (j *job) others(given *tree.Value) {
	meant := []string{"service", "service_name", "app", "application", "name", "site", "team", "owner", "squad", "module", "instance"}
	for _, name := range given.Keys() {
		if !slices.Contains(meant, name) && !strings.HasPrefix(name, "__") {
			j.report.add(NotCarried, given.Get(name).At, "job "+j.name, "label "+name, "series carry service, probe, team and location; other labels belong to dashboards")
		}
	}
}

// labelled is the team of a label.
func (b *blackbox) labelled(name string, at tree.Position) string {
	return b.estate.team("label:"+named(name), name, at).Key
}

func promDuration(text string) time.Duration {
	d, err := model.ParseDuration(text)
	if err != nil {
		return 0
	}
	return time.Duration(d)
}
