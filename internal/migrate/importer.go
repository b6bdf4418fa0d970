package migrate

import (
	"bytes"
	"cmp"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// format is how a file is written.
type format int

const (
	formatText format = iota // lines
	formatYAML
	formatJSON
	formatConfiguration // .tf
	formatVariables     // .tfvars
)

// document is one file, or one document of a file with several.
type document struct {
	name   string
	format format
	text   []byte
	root   *tree.Value // nil for lines and .tf
	source *source     // nil for Terraform, which several sources read
}

// importer is one run.
type importer struct {
	options   Options
	report    *Report
	estate    *estate
	documents []*document
	blocks    []*block
	subjects  []subject
	extra     []extra

	secretNames names
	secrets     []*Secret
}

// extra is a document inside a text of another one.
type extra struct {
	root   *tree.Value
	source *source
}

// subject is a part of a document that has a name for people.
type subject struct {
	at   *tree.Value
	file string
	name string

	source *source
}

// open reads the files as what they are.
func (i *importer) open(inputs []Input) error {
	var problems []string
	for _, input := range inputs {
		documents, err := opened(input)
		if err != nil {
			problems = append(problems, err.Error())
			continue
		}
		i.documents = append(i.documents, documents...)
	}
	if len(problems) > 0 {
		return fmt.Errorf("%s", strings.Join(problems, "\n"))
	}
	return nil
}

func opened(input Input) ([]*document, error) {
	d := &document{name: input.Name, text: input.Text, format: guessed(input)}
	var err error
	switch d.format {
	case formatJSON:
		d.root, err = tree.JSON(d.name, d.text)
	case formatVariables:
		d.root, err = tree.TFVars(d.name, d.text)
	case formatYAML:
		roots, err := tree.YAML(d.name, d.text)
		if err != nil {
			return nil, err
		}
		var documents []*document
		for _, root := range roots {
			documents = append(documents, &document{name: d.name, text: d.text, format: formatYAML, root: root})
		}
		return documents, nil
	}
	return []*document{d}, err
}

// guessed tells how a file is written from its name, or else from its
// beginning.
func guessed(input Input) format {
	text := bytes.TrimSpace(bytes.TrimPrefix(input.Text, []byte("\xEF\xBB\xBF")))
	name := strings.ToLower(filepath.Base(input.Name))
	switch {
	case len(text) == 0 || !utf8.Valid(text):
		return formatText
	case strings.HasSuffix(name, ".tf"):
		return formatConfiguration
	case strings.HasSuffix(name, ".tfvars"):
		return formatVariables
	case strings.HasSuffix(name, ".yml"), strings.HasSuffix(name, ".yaml"):
		return formatYAML
	case text[0] == '{' || text[0] == '[' && !bytes.HasPrefix(text, []byte("[[")) || bytes.HasPrefix(text, []byte("//")) || bytes.HasPrefix(text, []byte("/*")):
		return formatJSON
	case regexp.MustCompile(`(?m)^\s*(resource|module|variable|provider|data|locals|terraform)\b[^:=]*\{\s*$`).Match(text):
		return formatConfiguration
	case addressLines(text):
		return formatText
	}
	return formatYAML
}

// read recognises each document and lets the sources read theirs.
func (i *importer) read() error {
	forced, err := sourceNamed(i.options.From)
	if err != nil {
		return err
	}
	if err := i.recognise(forced); err != nil {
		return err
	}
	if err := i.terraform(); err != nil {
		return err
	}
	for _, s := range sources() {
		if forced != nil && s.name != forced.name {
			continue
		}
		in := &intake{importer: i, source: s}
		for _, d := range i.documents {
			if d.source != nil && d.source.name == s.name || d.source == nil && s.terraform {
				in.documents = append(in.documents, d)
			}
		}
		if len(in.documents) > 0 {
			s.read(in)
		}
	}
	return nil
}

// recognise finds the source of each document, and the configurations that
// stand inside others. A file that is like none is reported beside the others,
// and an error when there are no others.
func (i *importer) recognise(forced *source) error {
	var known, unknown []*document
	for _, d := range i.documents {
		switch {
		case d.terraform() && (forced == nil || forced.terraform):
		case forced != nil:
			d.source = forced
		default:
			d.source = recognised(d)
		}
		switch inner := []*document(nil); {
		case d.source != nil || d.terraform():
			known = append(known, d)
		default:
			if inner = wrapped(d); len(inner) == 0 {
				unknown = append(unknown, d)
				continue
			}
			known = append(known, inner...)
			i.report.add(Nothing, d.root.At, d.name, "", "beside the configurations in it nothing was read: it is about how they are deployed")
		}
	}
	i.documents = known
	if len(known) == 0 && len(unknown) > 0 {
		problems := make([]string, len(unknown))
		for n, d := range unknown {
			problems[n] = tree.Position{File: d.name, Line: 1, Column: 1}.String() + ": the file is like none that tocsin import knows (say --from, one of " + strings.Join(SourceNames(), ", ") + ")"
		}
		return fmt.Errorf("%s", strings.Join(problems, "\n"))
	}
	for _, d := range unknown {
		at := tree.Position{File: d.name, Line: 1, Column: 1}
		if d.root != nil {
			at = d.root.At
		}
		i.report.add(LeftOut, at, d.name, "", "the file is like none that tocsin import knows (say --from, when it is one of them all the same)")
	}
	return nil
}

// terraform says whether the document is Terraform's, which may hold what
// several sources understand.
func (d *document) terraform() bool {
	switch d.format {
	case formatConfiguration, formatVariables:
		return true
	case formatJSON:
		return d.root.Is(tree.Map) && (terraformState(d.root) || terraformJSON(d.root) || terraformVariables(d))
	}
	return false
}

// recognised is the source that a document belongs to, or nil.
func recognised(d *document) *source {
	for _, s := range sources() {
		if s.recognise(d) {
			return s
		}
	}
	return nil
}

// inputs are the names of the files, each once.
func (i *importer) inputs() []string {
	var inputs []string
	for _, d := range i.documents {
		if !slices.Contains(inputs, d.name) {
			inputs = append(inputs, d.name)
		}
	}
	return inputs
}

// titles are the sources that something came from.
func (i *importer) titles() []string {
	var titles []string
	for _, s := range sources() {
		found := slices.ContainsFunc(i.estate.checks, func(c *Check) bool { return c.Source == s.name }) ||
			slices.ContainsFunc(i.estate.apps, func(a *App) bool { return a.Source == s.name })
		if found {
			titles = append(titles, s.title)
		}
	}
	return titles
}

// unread reports what no source has read.
func (i *importer) unread() {
	for _, d := range i.documents {
		if d.root == nil {
			continue
		}
		d.root.Unread(func(v *tree.Value) { i.unreadValue(v, d.source, d.terraform()) })
	}
	for _, e := range i.extra {
		e.root.Unread(func(v *tree.Value) { i.unreadValue(v, e.source, false) })
	}
	for _, b := range i.blocks {
		switch {
		case b.reader != nil:
			b.Body.Unread(func(v *tree.Value) { i.unreadValue(v, b.reader, false) })
		default:
			i.unreadBlock(b)
		}
	}
}

// unreadValue reports one value, with the reason that its source gives for its
// key.
func (i *importer) unreadValue(v *tree.Value, s *source, variables bool) {
	name, key, owner := i.subjectOf(v)
	if owner != nil {
		s, variables = owner, false
	}
	note := Note{NotCarried, "tocsin import does not know this key, or not what stands there"}
	if s != nil {
		note = s.noteOn(key, v.Key(), note)
	}
	off, is := v.Bool()
	switch {
	case v.Missing() != "" && !variables && note.Category != Nothing:
		note = Note{NotCarried, v.Missing()}
	case variables && strings.HasPrefix(v.Peek(), "http"):
		note = Note{LeftOut, "an address in a variable that no monitor here uses: add it to the catalogue if it is to be watched"}
	case variables:
		note = Note{Nothing, "a variable of Terraform that is about something else, or that no monitor here uses"}
	case is && !off && !v.Is(tree.Number) && note.Category != ToDo:
		note = Note{Nothing, "switched off"}
	case s != nil && s.defaults[v.Key()] != "" && s.defaults[v.Key()] == v.Peek():
		note = Note{Nothing, "as " + s.title + " has it by default"}
	}
	i.report.add(note.Category, v.At, name, key, "%s", note.Reason)
}

// subjectOf is the named part that a value belongs to, and the value's key in
// it.
func (i *importer) subjectOf(v *tree.Value) (name, key string, source *source) {
	best := -1
	name, key = "", v.Path
	for _, s := range i.subjects {
		path := s.at.Path
		rest, inside := strings.CutPrefix(v.Path, path)
		if s.file != v.At.File || !inside || rest != "" && path != "" && rest[0] != '.' && rest[0] != '[' {
			continue
		}
		fit := len(path)
		if s.at.Holds(v) { // a file may have several documents with the same paths
			fit += 1 << 20
		}
		if fit > best {
			best, name, key, source = fit, s.name, strings.TrimPrefix(rest, "."), s.source
		}
	}
	if name == "" {
		return v.At.File, key, nil
	}
	return name, cmp.Or(key, v.Key()), source
}
