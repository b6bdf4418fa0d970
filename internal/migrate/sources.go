package migrate

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// source is one tool that people come from.
type source struct {
	name, title string
	terraform   bool // reads Terraform's resources and variables, too
	recognise   func(d *document) bool
	read        func(in *intake)
	// notes give, by key, the reason why a key is not read. A key with dots is
	// a path within a check.
	notes map[string]Note
	// defaults are values that the tool writes down though nobody chose them.
	defaults map[string]string
}

// Note is the reason for leaving a key.
type Note struct {
	Category Category
	Reason   string
}

// sources lists every source, in the order in which documents are recognised.
// Adding one is a file with its read function and a row here.
func sources() []*source {
	return []*source{
		{name: "uptime-kuma", title: "uptime-kuma", recognise: isKuma, read: readKuma, notes: kumaNotes(), defaults: kumaDefaults()},
		{name: "gatus", title: "gatus", recognise: isGatus, read: readGatus, notes: gatusNotes()},
		{name: "blackbox", title: "blackbox_exporter", recognise: isBlackbox, read: readBlackbox, notes: blackboxNotes()},
		{name: "statuscake", title: "StatusCake", terraform: true, recognise: isStatusCake, read: readStatusCake, notes: statusCakeNotes()},
		{name: "azure", title: "Azure availability tests", terraform: true, recognise: isAzure, read: readAzure, notes: azureNotes()},
		{name: "thresholds", title: "threshold maps", terraform: true, recognise: isThresholds, read: readThresholds, notes: thresholdNotes()},
		{name: "urls", title: "a list of addresses", recognise: isAddresses, read: readAddresses},
	}
}

// SourceNames are the values of --from.
func SourceNames() []string {
	var names []string
	for _, s := range sources() {
		names = append(names, s.name)
	}
	return names
}

// sourceNamed is the source with a name, and nil for none.
func sourceNamed(name string) (*source, error) {
	if name == "" {
		return nil, nil
	}
	all := sources()
	at := slices.IndexFunc(all, func(s *source) bool { return s.name == name })
	if at < 0 {
		return nil, fmt.Errorf("unknown source %q (want one of %s)", name, strings.Join(SourceNames(), ", "))
	}
	return all[at], nil
}

// noteOn is what the source says about a key: by its whole path first, then by
// the end of it, then by what it stands in.
func (s *source) noteOn(path, key string, otherwise Note) Note {
	path = regexp.MustCompile(`\[\d+\]`).ReplaceAllString(path, "")
	key = regexp.MustCompile(`\[\d+\]`).ReplaceAllString(key, "")
	for name := path; ; {
		for end := name; ; {
			if note, known := s.notes[end]; known {
				return note
			}
			_, rest, found := strings.Cut(end, ".")
			if !found || !strings.Contains(rest, ".") {
				break
			}
			end = rest
		}
		at := strings.LastIndexByte(name, '.')
		if at < 0 {
			break
		}
		name = name[:at]
	}
	if note, known := s.notes[key]; known {
		return note
	}
	return otherwise
}

// intake is what a source reads from, and where it puts what it finds.
type intake struct {
	*importer
	source    *source
	documents []*document
}

// check adds a check. Its source is filled in.
func (in *intake) check(c *Check) {
	c.Source = in.source.name
	in.estate.checks = append(in.estate.checks, c)
}

// subject gives a part of the input a name for people.
func (in *intake) subject(v *tree.Value, name string) {
	in.subjects = append(in.subjects, subject{at: v, file: v.At.File, name: name, source: in.source})
}

// leave reports a check that is not carried over, with everything in it.
func (in *intake) leave(v *tree.Value, name, reason string, args ...any) {
	in.report.add(LeftOut, v.At, name, "", reason, args...)
	v.Read()
}

// lose reports a setting that has no counterpart.
func (in *intake) lose(v *tree.Value, name, key, reason string, args ...any) {
	in.report.add(NotCarried, v.At, name, key, reason, args...)
	v.Read()
}

// secret takes a value out of the input; nothing but the place of a file goes
// into the catalogue. A value that stands for one elsewhere (${NAME}) counts as
// not there.
func (in *intake) secret(v *tree.Value, what string, parts ...string) *Secret {
	value := v.Text()
	if v.Empty() && !v.Is(tree.Unknown) {
		return nil
	}
	v.Read()
	return in.secretOf(value, v.At, what, parts...)
}

func (in *intake) secretOf(value string, at tree.Position, what string, parts ...string) *Secret {
	if placeholder(value) {
		value = ""
	}
	for _, known := range in.secrets {
		same := value != "" || known.at == at && known.what == parts[len(parts)-1] // of a module that several targets share
		if known.value == value && same {
			return &Secret{name: known.name, value: value, what: what, at: at}
		}
	}
	name := named(regexp.MustCompile(`\w+://`).ReplaceAllString(clean(strings.Join(parts, "-")), ""))
	secret := &Secret{name: in.secretNames.take(name, "secret"), value: value, what: what, at: at}
	in.secrets = append(in.secrets, &Secret{name: secret.name, value: value, at: at, what: parts[len(parts)-1]})
	return secret
}

// placeholder says that a value only names the place of the real one.
func placeholder(value string) bool {
	return regexp.MustCompile(`\$\{[^}]*\}|\$[A-Z_]+\b|^\[.*\]$|^<.*>$`).MatchString(value)
}
