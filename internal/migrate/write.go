package migrate

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// writer makes the catalogue's YAML.
type writer struct {
	report   *Report
	estate   *estate
	options  Options
	services []*service
	usual    schedule

	teamNames map[string]string // by key
	secrets   map[string]*Secret
}

// catalogue is the whole file.
func (w *writer) catalogue(sources []string) ([]byte, error) {
	w.secrets = make(map[string]*Secret)
	root := mapping()
	if w.mailed() {
		smtp := w.estate.smtp
		if smtp == nil {
			smtp = settings("host", "localhost:25", "from", "tocsin@localhost.localdomain")
		}
		put(root, "delivery", w.settings(settings("smtp", smtp)))
	}
	put(root, "monitoring", w.settings(settings("team", w.teamName(""))))
	if own := (schedule{15 * time.Second, 5 * time.Second, 2}); w.usual != own {
		put(root, "defaults", w.settings(settings("probe", settings("interval", w.usual.interval, "timeout", w.usual.timeout, "confirm", w.usual.confirm))))
	}
	if windows := w.maintenance(); windows != nil {
		put(root, "maintenance", windows)
	}
	put(root, "teams", w.teams())
	services := mapping()
	for _, one := range w.services {
		put(services, one.name, w.service(one))
		key := services.Content[len(services.Content)-2]
		key.HeadComment = origin(one)
	}
	if len(w.services) == 0 {
		services.Style = yaml.FlowStyle
	}
	put(root, "services", services)
	root.HeadComment = w.heading(sources)
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(root); err != nil {
		return nil, fmt.Errorf("writing the catalogue: %w", err)
	}
	return b.Bytes(), nil
}

func (w *writer) heading(sources []string) string {
	text := "Written by tocsin import from " + printable(strings.Join(sources, ", ")) + "."
	if w.options.ReportFile != "" {
		text += "\nWhat could not be carried over, and what is left to do, stands in " + path.Base(w.options.ReportFile) + "."
	}
	return text + "\nEvery key is explained in docs/catalogue.md."
}

// origin is where a service comes from, shortly.
func origin(one *service) string {
	const few = 4
	var places []string
	for _, at := range one.at {
		place := fmt.Sprintf("%s:%d", at.File, at.Line)
		if !slices.Contains(places, place) {
			places = append(places, place)
		}
	}
	more := ""
	if len(places) > few {
		more = fmt.Sprintf(" and %d more", len(places)-few)
		places = places[:few]
	}
	text := "from " + strings.Join(places, ", ") + more
	if one.said != one.name && one.said != "" {
		text = strconv.Quote(clean(one.said)) + ", " + text
	}
	return printable(text)
}

// printable keeps what people called things from breaking a comment.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == utf8.RuneError || r == 0xFEFF {
			return '?'
		}
		return r
	}, text)
}

// mailed says whether some team reads mail.
func (w *writer) mailed() bool {
	return slices.ContainsFunc(w.estate.order, func(key string) bool {
		_, has := w.estate.teams[key].Channels.values["email"]
		return has
	})
}

// nameTeams gives the teams names, the default one first.
func (w *writer) nameTeams() {
	taken := names{}
	w.teamNames = map[string]string{"": taken.take(named(w.options.Team), "platform")}
	for _, key := range w.estate.order {
		team := w.estate.teams[key]
		if named(team.Name) == w.teamNames[""] {
			w.teamNames[key] = w.teamNames[""]
			continue
		}
		w.teamNames[key] = taken.take(named(team.Name), "team")
	}
}

// channelled says whether a team of that name has a channel.
func (w *writer) channelled(key string) bool {
	return slices.ContainsFunc(w.estate.order, func(other string) bool {
		return w.teamNames[other] == w.teamNames[key] && !w.estate.teams[other].Channels.empty()
	})
}

func (w *writer) teamName(key string) string { return w.teamNames[key] }

func (w *writer) teams() *yaml.Node {
	written := map[string]*yaml.Node{w.teamName(""): mapping()}
	for _, key := range w.estate.order {
		team := w.estate.teams[key]
		node := mapping()
		if !team.Channels.empty() {
			put(node, "channels", w.settings(team.Channels))
		}
		if before, is := written[w.teamName(key)]; !is || len(before.Content) == 0 {
			written[w.teamName(key)] = node
		}
	}
	all := mapping()
	var sorted []string
	for name := range written {
		sorted = append(sorted, name)
	}
	slices.Sort(sorted)
	for _, name := range sorted {
		if len(written[name].Content) == 0 {
			written[name].Style = yaml.FlowStyle
		}
		put(all, name, written[name])
	}
	return all
}

func (w *writer) service(one *service) *yaml.Node {
	node := mapping()
	if one.external && one.team == "" {
		put(node, "external", w.scalar(true))
	} else {
		put(node, "team", w.scalar(w.teamName(one.team)))
	}
	if one.url != "" {
		put(node, "url", w.scalar(one.url))
	}
	if one.pageAfter > 0 {
		put(node, "page_after", w.scalar(one.pageAfter))
	}
	if !one.thresholds.empty() {
		put(node, "thresholds", w.settings(one.thresholds))
	}
	if len(one.dependsOn) > 0 {
		put(node, "depends_on", w.scalar(one.dependsOn))
	}
	if len(one.probes) > 0 {
		probes := mapping()
		for _, p := range one.probes {
			put(probes, p.name, w.probe(p, one))
		}
		put(node, "probes", probes)
	}
	if !one.resources.empty() {
		put(node, "resources", w.settings(one.resources))
	}
	return node
}

// probe is a probe with what differs from the usual schedule.
func (w *writer) probe(p *probe, one *service) *yaml.Node {
	s := settings("means", p.Means)
	quiet := one.external || !p.usual()
	if p.Interval > 0 && (p.Interval != w.usual.interval || quiet) {
		s.set("interval", p.Interval)
	}
	if p.Timeout > 0 && (p.Timeout != w.usual.timeout || quiet) {
		s.set("timeout", p.Timeout)
	}
	if p.Confirm > 0 && (p.Confirm != w.usual.confirm || quiet) {
		s.set("confirm", p.Confirm)
	}
	s.set("slow", p.Slow)
	s.keys = append(s.keys, p.Kind)
	s.values[p.Kind] = p.Settings
	if p.listed() {
		s.values[p.Kind] = p.Settings.values[p.Kind]
	}
	return w.settings(s)
}

// settings is a mapping, on one line when it is short.
func (w *writer) settings(s *Settings) *yaml.Node {
	node := mapping()
	for _, key := range s.keys {
		secret, is := s.values[key].(*Secret)
		if is && strings.HasSuffix(key, "_file") {
			w.secrets[secret.name] = secret
			put(node, key, w.scalar(w.options.secretPath(secret.name)))
			continue
		}
		put(node, key, w.scalar(s.values[key]))
	}
	return compact(node)
}

// scalar is any value of Settings.
func (w *writer) scalar(value any) *yaml.Node {
	switch value := value.(type) {
	case *Settings:
		return w.settings(value)
	case []*Settings:
		list := &yaml.Node{Kind: yaml.SequenceNode}
		for _, item := range value {
			list.Content = append(list.Content, w.settings(item))
		}
		return list
	case []string:
		list := &yaml.Node{Kind: yaml.SequenceNode}
		for _, item := range value {
			list.Content = append(list.Content, w.scalar(item))
		}
		return compact(list)
	case []any:
		list := &yaml.Node{Kind: yaml.SequenceNode}
		for _, item := range value {
			list.Content = append(list.Content, w.scalar(item))
		}
		return compact(list)
	case *Secret:
		w.secrets[value.name] = value
		file := w.scalar(w.options.secretPath(value.name))
		return &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: "file"}, file}}
	case time.Duration:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: span(value)}
	}
	node := new(yaml.Node)
	_ = node.Encode(value) // texts, numbers, true and false always can
	return node
}

// compact puts what is short on one line.
func compact(node *yaml.Node) *yaml.Node {
	const longest = 110
	node.Style = yaml.FlowStyle
	text, err := yaml.Marshal(node)
	if err != nil || len(text) > longest || bytes.Count(text, []byte("\n")) > 1 {
		node.Style = 0
	}
	return node
}

func mapping() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode} }

func put(node *yaml.Node, key string, value *yaml.Node) {
	name := new(yaml.Node)
	_ = name.Encode(key)
	if name.Tag != "!!str" { // true, 1 and so on are names, too
		name = &yaml.Node{Kind: yaml.ScalarNode, Value: key, Style: yaml.DoubleQuotedStyle}
	}
	node.Content = append(node.Content, name, value)
}
