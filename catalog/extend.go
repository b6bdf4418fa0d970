package catalog

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxEndpoints bounds how many probes candidates bring to one service.
const maxEndpoints = 50

// Candidate is one thing that a source of discovery lists, and what it says
// about it. Source and Target identify it.
type Candidate struct {
	Source string `json:"source"` // under discovery
	Target string `json:"target"` // as people call it
	// Group says who may add to whose services: two candidates of one source
	// and group that come to the same name are one service with both's probes.
	Group    string            `json:"group,omitempty"`
	Values   map[string]string `json:"values,omitempty"`   // by variable
	Name     string            `json:"name,omitempty"`     // what it asks to be called; the source's name by default
	Probe    string            `json:"probe,omitempty"`    // http, tcp or tls: what a template without probes gets
	Replace  bool              `json:"replace,omitempty"`  // put Probe in place of the template's probes
	Settings []Setting         `json:"settings,omitempty"` // put over the template
	Fault    string            `json:"fault,omitempty"`    // why it makes no service, when its source knows already
}

// Setting is a value at a path below a service. A * in the path is every key
// there is. List takes the place of Text where the value is a list. A default
// gives way to what the template says.
type Setting struct {
	Path    string   `json:"path"`
	Text    string   `json:"text,omitempty"`
	List    []string `json:"list,omitempty"`
	Default bool     `json:"default,omitempty"`
}

// RejectionReason is why a candidate, or a part of it, became no service.
type RejectionReason string

// The values of RejectionReason.
const (
	RejectMalformed  RejectionReason = "malformed"  // it is not in the source's form
	RejectValue      RejectionReason = "value"      // what it says does not make a service
	RejectHost       RejectionReason = "host"       // it may not be probed
	RejectClash      RejectionReason = "clash"      // its name is taken
	RejectLimit      RejectionReason = "limit"      // there are too many
	RejectDependency RejectionReason = "dependency" // it depends on nothing known; the service stays
)

// RejectionReasons are all there are.
func RejectionReasons() []RejectionReason {
	return []RejectionReason{RejectClash, RejectDependency, RejectHost, RejectLimit, RejectMalformed, RejectValue}
}

// Rejection is one candidate, or a part of it, that became no service. Problem
// says why, on one line of bounded length. Kept says that what the candidate
// was when it was last good goes on.
type Rejection struct {
	Source, Target, Service string
	Reason                  RejectionReason
	Problem                 string
	Kept                    bool
}

// candidateKey identifies a candidate.
type candidateKey struct{ source, target string }

// made is what became of a candidate: a part of a service.
type made struct {
	of    Candidate // as it was when it was good
	name  string
	group string
	node  *yaml.Node
	file  *source
}

// Candidates are those that services were made of, each in the form in which it
// was last good, in the order of sources and targets.
func (c *Catalog) Candidates() []Candidate {
	list := make([]Candidate, 0, len(c.made))
	for _, m := range c.made {
		list = append(list, m.of)
	}
	slices.SortFunc(list, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Target, b.Target))
	})
	return list
}

// Discovered says of each service that is not written from which source it
// came.
func (c *Catalog) Discovered() map[string]string {
	from := make(map[string]string, len(c.made))
	for key, m := range c.made {
		from[m.name] = key.source
	}
	return from
}

// Extend is the catalogue with a service for each candidate that makes one,
// checked as a written one is. The others are reported and change nothing.
// Before is what Extend returned last, or nil: a name stays with who has it,
// and a candidate that has become bad goes on as it was.
//
// The result has the hash and the time of the written catalogue: all exporters
// with the same files are equal, whatever each of them sees.
func (c *Catalog) Extend(candidates []Candidate, before *Catalog) (*Catalog, []Rejection) {
	e := newExtension(c, before)
	for _, candidate := range e.inOrder(candidates) {
		e.add(candidate)
	}
	e.dependencies()
	return e.out, e.rejected
}

// extension is a catalogue that is being extended.
type extension struct {
	written, out *Catalog
	before       map[candidateKey]*made
	keys         map[reflect.Type]map[string]field
	checker      *checker
	holders      map[string]candidateKey // by name of a service, who gave it first
	count        map[string]int          // services by source
	rejected     []Rejection
}

func newExtension(c, before *Catalog) *extension {
	out := *c
	out.Services, out.positions, out.made = maps.Clone(c.Services), c.positions.clone(), make(map[candidateKey]*made)
	if out.Services == nil {
		out.Services = make(map[string]*Service)
	}
	e := &extension{written: c, out: &out, keys: make(map[reflect.Type]map[string]field), holders: make(map[string]candidateKey), count: make(map[string]int)}
	if before != nil {
		e.before = before.made
	}
	e.checker = newProblems(nil, nil).checker(&out.Spec)
	return e
}

// inOrder sorts candidates so that the result does not depend on the order of
// a source's list: first who is there already, then who takes the name that
// the source gives, then who asks for one.
func (e *extension) inOrder(candidates []Candidate) []Candidate {
	rank := func(c *Candidate) int {
		switch {
		case e.before[c.key()] != nil:
			return 0
		case c.Name == "":
			return 1
		}
		return 2
	}
	sorted := slices.Clone(candidates)
	slices.SortStableFunc(sorted, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(rank(&a), rank(&b)), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Target, b.Target))
	})
	return slices.CompactFunc(sorted, func(a, b Candidate) bool { return reflect.DeepEqual(a, b) })
}

func (c *Candidate) key() candidateKey { return candidateKey{c.Source, c.Target} }

// add makes a candidate a service, or a part of one, or reports it.
func (e *extension) add(c Candidate) {
	source := e.written.Discovery[c.Source]
	if source == nil {
		return // its source has left the catalogue
	}
	m, rejection := e.make(c, source)
	if rejection == nil {
		rejection = e.admit(c, source, m)
	}
	if rejection == nil {
		return
	}
	rejection.Source, rejection.Target = c.Source, oneLine(c.Target)
	if old := e.before[c.key()]; old != nil && rejection.Reason != RejectClash && rejection.Reason != RejectLimit && rejection.Reason != RejectHost {
		rejection.Kept = e.admit(c, source, old) == nil
	}
	e.rejected = append(e.rejected, *rejection)
}

// admit puts a part of a service into the catalogue.
func (e *extension) admit(c Candidate, source *Discovery, m *made) *Rejection {
	reject := func(reason RejectionReason, problem string) *Rejection {
		return &Rejection{Service: m.name, Reason: reason, Problem: problem}
	}
	holder, held := e.holders[m.name]
	switch {
	case e.made(c.key()):
		return reject(RejectClash, "the source lists it twice, and says different things about it")
	case e.written.Services[m.name] != nil:
		return reject(RejectClash, "a service of this name is written in the catalogue, and wins")
	case held && (holder.source != c.Source || e.out.made[holder].group != c.Group):
		return reject(RejectClash, "the name belongs to "+oneLine(holder.target)+" of discovery."+holder.source)
	case !held && e.count[c.Source] >= source.Max:
		return reject(RejectLimit, "the source lists more services than its max")
	}
	s, at, problem := e.decode(m)
	if problem != "" {
		return reject(RejectValue, problem)
	}
	if held {
		if problem := e.join(e.out.Services[m.name], s); problem != "" {
			return reject(RejectClash, problem)
		}
	} else {
		e.out.Services[m.name] = s
		e.holders[m.name] = c.key()
		e.count[c.Source]++
	}
	e.out.positions.add(at)
	e.out.made[c.key()] = m
	return nil
}

func (e *extension) made(key candidateKey) bool { return e.out.made[key] != nil }

// join adds the probes of another candidate of the same name.
func (e *extension) join(to, from *Service) (problem string) {
	if len(to.Probes)+len(from.Probes) > maxEndpoints {
		return "the service has too many probes (want at most 50; give the targets names that differ)"
	}
	for _, name := range names(from.Probes) {
		if to.Probes[name] != nil {
			return "the service has a probe " + name + " already (give the targets, or their probes, names that differ, such as {{host}})"
		}
	}
	if to.Probes == nil {
		to.Probes = make(map[string]*Probe)
	}
	maps.Copy(to.Probes, from.Probes)
	return ""
}

// decode reads a service as if it stood in the catalogue, and checks it alone.
func (e *extension) decode(m *made) (*Service, *positions, string) {
	path, at := below("services", m.name), newPositions()
	p := newProblems(at, nil)
	p.keys = e.keys
	at.put(path, Position{m.file.name, max(1, m.node.Line), max(1, m.node.Column)})
	s := &Service{Name: m.name}
	file := *m.file
	file.hidden = make(map[int]int) // the catalogue's own are read meanwhile
	d := decoder{problems: p, file: &file, files: new([]File)}
	d.value(m.node, path, reflect.ValueOf(s).Elem())
	if !d.stopped {
		p.missingIn(path, reflect.ValueOf(s))
		e.out.completeService(s)
		e.checker.problems = p
		e.checker.checkName(path, m.name)
		e.checker.checkNamesOf(path, s)
		e.checker.checkService(path, s)
	}
	if p.err() == nil {
		return s, at, ""
	}
	first := p.list[0]
	where := strings.TrimPrefix(strings.TrimPrefix(first.Path, path), ".")
	if where != "" {
		where += ": "
	}
	return nil, nil, oneLine(where + first.Problem)
}

// dependencies takes out what discovered services depend on in vain: what is
// unknown, or would close a circle. The services stay; a dependency names a
// likely cause and no more.
func (e *extension) dependencies() {
	const visiting, done = 1, 2
	state := make(map[string]int)
	var visit func(name string)
	visit = func(name string) {
		state[name] = visiting
		s, holder := e.out.Services[name], e.holders[name]
		var kept []string
		for _, dependency := range s.DependsOn {
			problem := ""
			switch _, discovered := e.holders[dependency]; {
			case e.out.Services[dependency] == nil:
				problem = "unknown service " + clipped(dependency)
			case slices.Contains(kept, dependency):
				continue
			case state[dependency] == visiting:
				problem = "the services depend on each other in a circle, by way of " + clipped(dependency)
			case discovered && state[dependency] != done:
				visit(dependency)
			}
			if problem != "" {
				e.rejected = append(e.rejected, Rejection{Source: holder.source, Target: oneLine(holder.target), Service: name, Reason: RejectDependency, Problem: "depends_on: " + problem, Kept: true})
				continue
			}
			kept = append(kept, dependency)
		}
		s.DependsOn = kept
		state[name] = done
	}
	for _, name := range slices.Sorted(maps.Keys(e.holders)) {
		if state[name] != done {
			visit(name)
		}
	}
}

// oneLine makes a text fit for a log and a page: printable, and of a bearable
// length.
func oneLine(text string) string {
	const longest = 300
	runes := []rune(strings.ToValidUTF8(text, "\uFFFD"))
	if len(runes) > longest {
		runes = append(runes[:longest:longest], '…')
	}
	return printable(runes)
}

// ServiceOf is the name of the service that a candidate is, or is a part of;
// empty when it is none.
func (c *Catalog) ServiceOf(candidate Candidate) string {
	if m := c.made[candidate.key()]; m != nil {
		return m.name
	}
	return ""
}
