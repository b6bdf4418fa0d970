package migrate

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// Input is one file.
type Input struct {
	Name string
	Text []byte
}

// Options say how to import. The zero value is useful.
type Options struct {
	From       string // the name of a source for all files; guessed by default
	Team       string // owns what names nobody; platform by default
	SecretsDir string // where the catalogue looks for secrets; secrets by default
	ReportFile string // named in the catalogue's heading

	// Read opens a file that an input names, such as one of file_sd_configs;
	// Match lists the files of a pattern. Nil means that there is none.
	Read  func(name string) ([]byte, error)
	Match func(pattern string) ([]string, error)
	// Environment is the value of a variable that an input names. Nil means
	// that none is set.
	Environment func(name string) (string, bool)
}

// secretPath is where the catalogue looks for a secret.
func (o Options) secretPath(name string) string {
	return path.Join(cmp.Or(o.SecretsDir, "secrets"), name)
}

// SecretFile is a secret that the input held. Path is as the catalogue names
// it, Name below Options.SecretsDir.
type SecretFile struct {
	Path, Name string
	Value      string
}

// Result is what came of the files.
type Result struct {
	Catalogue []byte // loads without a mistake
	Report    *Report
	Secrets   []SecretFile
	Sources   []string // the sources that were found, by title
	Services  int
	Probes    int
}

// Run imports the files. A file that cannot be read is an error with its place;
// everything else that does not fit is in the report.
func Run(inputs []Input, options Options) (*Result, error) {
	i := &importer{options: options, report: new(Report), estate: &estate{teams: make(map[string]*Team)}, secretNames: names{}}
	if err := i.open(inputs); err != nil {
		return nil, err
	}
	if err := i.read(); err != nil {
		return nil, err
	}
	i.unread()
	services := settle(i.estate, i.report)
	services = fitKinds(services, i.report)
	usual := fitSchedules(services, i.report)
	w := &writer{report: i.report, estate: i.estate, options: options, services: services, usual: usual}
	w.nameTeams()
	return i.write(w)
}

// write makes the catalogue, and takes out what the catalogue's own checks
// refuse, until it loads.
func (i *importer) write(w *writer) (*Result, error) {
	const attempts = 20
	var err error
	for range attempts {
		var text []byte
		if text, err = w.catalogue(i.inputs()); err != nil {
			return nil, err
		}
		mistakes := catalog.Errors{}
		if _, err = catalog.Parse("tocsin.yml", text); err == nil {
			return i.result(w, text), nil
		}
		if !errors.As(err, &mistakes) || !w.refuse(mistakes) {
			break
		}
	}
	return nil, fmt.Errorf("the catalogue that was made of the files does not load, which is a mistake of tocsin import: %w", err)
}

// refuse takes out the probes and services that are mistakes. It is false when
// a mistake is somewhere else.
func (w *writer) refuse(mistakes catalog.Errors) bool {
	for _, mistake := range mistakes {
		parts := strings.Split(mistake.Path, ".")
		if len(parts) < 2 {
			return false
		}
		if parts[0] != "services" {
			if !w.refuseOther(parts, mistake.Problem) {
				return false
			}
			continue
		}
		at := slices.IndexFunc(w.services, func(one *service) bool { return one.name == parts[1] })
		if at < 0 {
			continue // taken out for another mistake
		}
		w.services[at].refuse(parts, mistake.Problem, w.report)
		if one := w.services[at]; len(one.probes) == 0 && one.resources.empty() {
			w.services = slices.Delete(w.services, at, at+1)
		}
	}
	for _, one := range w.services { // of what is no longer there
		one.dependsOn = slices.DeleteFunc(one.dependsOn, func(name string) bool {
			return !slices.ContainsFunc(w.services, func(other *service) bool { return other.name == name })
		})
	}
	return true
}

// refuseOther takes out a window of maintenance, a team's channel or the relay.
// It is false for a mistake anywhere else.
func (w *writer) refuseOther(parts []string, problem string) bool {
	switch {
	case parts[0] == "maintenance":
		at := slices.IndexFunc(w.estate.windows, func(one window) bool { return one.name == parts[1] })
		if at >= 0 {
			w.report.add(NotCarried, w.estate.windows[at].at, "maintenance "+parts[1], "", "the catalogue refuses it: %s", problem)
			w.estate.windows = slices.Delete(w.estate.windows, at, at+1)
		}
		return at >= 0
	case parts[0] == "teams" && len(parts) > 3 && parts[2] == "channels":
		removed := false
		for _, key := range w.estate.order {
			if team := w.estate.teams[key]; w.teamName(key) == parts[1] && team.Channels.values[parts[3]] != nil {
				w.report.add(LeftOut, team.At, team.Name, parts[3], "the catalogue refuses the channel: %s", problem)
				team.Channels.remove(parts[3])
				removed = true
			}
		}
		return removed
	case parts[0] == "delivery" && w.estate.smtp != nil:
		w.report.add(NotCarried, tree.Position{}, "the mail relay", "", "the catalogue refuses it: %s", problem)
		w.estate.smtp = nil
		return true
	}
	return false
}

// refuse takes out the part of a service at a path.
func (one *service) refuse(parts []string, problem string, r *Report) {
	key := ""
	if len(parts) > 2 {
		key, _, _ = strings.Cut(parts[2], "[")
	}
	switch {
	case key == "probes" && len(parts) > 3:
		at := slices.IndexFunc(one.probes, func(p *probe) bool { return p.name == parts[3] })
		if at >= 0 && len(parts) > 5 && one.probes[at].drop(parts[4:], problem, one.said, r) {
			return
		}
		if at >= 0 {
			r.add(LeftOut, one.probes[at].At, one.said+" "+one.probes[at].name, "", "the catalogue refuses it: %s: %s", strings.Join(parts[4:], "."), problem)
			one.probes = slices.Delete(one.probes, at, at+1)
		}
	case key == "url":
		r.add(NotCarried, one.at[0], one.said, "url", "the catalogue refuses it: %s", problem)
		one.url = ""
	case key == "depends_on":
		r.add(NotCarried, one.at[0], one.said, "depends_on", "the catalogue refuses it: %s", problem)
		one.dependsOn = nil
	case key == "thresholds":
		r.add(NotCarried, one.at[0], one.said, "thresholds", "the catalogue refuses them: %s", problem)
		one.thresholds = settings()
	default:
		r.add(LeftOut, one.at[0], one.said, "", "the catalogue refuses it: %s", problem)
		one.probes, one.resources = nil, settings()
	}
}

// drop takes out of a probe the one setting that the catalogue refuses, so that
// the rest of the check stays. It is false for what the check cannot do without.
func (p *probe) drop(path []string, problem, service string, r *Report) bool {
	key, _, _ := strings.Cut(path[1], "[")
	if path[0] != p.Kind || p.listed() || strings.Contains(problem, "is missing") || slices.Contains([]string{"url", "address", "host", "name", "brokers"}, key) {
		return false
	}
	if _, has := p.Settings.values[key]; !has {
		return false
	}
	r.add(NotCarried, p.At, strings.TrimSpace(service+" "+p.name), key, "the catalogue refuses it: %s", problem)
	p.Settings.remove(key)
	return true
}

func (i *importer) result(w *writer, text []byte) *Result {
	result := &Result{Catalogue: text, Report: i.report, Sources: i.titles(), Services: len(w.services)}
	for _, one := range w.services {
		result.Probes += len(one.probes)
	}
	for _, name := range slices.Sorted(maps.Keys(w.secrets)) {
		secret := w.secrets[name]
		file := SecretFile{Path: i.options.secretPath(name), Name: name, Value: secret.value}
		result.Secrets = append(result.Secrets, file)
		if secret.value == "" {
			i.report.add(ToDo, secret.at, secret.what, "", "put it into %s (the input does not hold the value)", file.Path)
		} else {
			i.report.add(ToDo, secret.at, secret.what, "", "put it into %s", file.Path)
		}
	}
	for _, key := range i.estate.order {
		if team := i.estate.teams[key]; team.Channels.empty() {
			i.report.add(ToDo, team.At, team.Name, "", "the team has no channel, so nobody reads what its services say: give teams.%s.channels", w.teamName(key))
		}
	}
	if !w.channelled("") {
		i.report.add(ToDo, tree.Position{}, w.teamName(""), "", "it looks after Tocsin itself and what names nobody, and has no channel: give teams.%s.channels", w.teamName(""))
	}
	if w.mailed() && i.estate.smtp == nil {
		i.report.add(ToDo, tree.Position{}, "delivery.smtp", "", "the input has mail addresses and no relay: put yours in the place of localhost:25, and your sender")
	}
	i.report.sort()
	return result
}
