package discovery

import (
	"cmp"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// Finding is what is wrong with a file of a source: with one of its targets, or
// with the whole file.
type Finding struct {
	Position catalog.Position // of the target or the group; of a whole file, without a line
	Source   string
	Target   string // empty for a whole file
	Problem  string
	Kept     bool // the service is made all the same, without the part that is wrong
	Absent   bool // the file is not here
}

// Inspection is what came of the files that a catalogue names.
type Inspection struct {
	Targets, Services int
	Findings          []Finding
	Others            []string // sources that are no files, and were not asked
}

// Inspect reads the files of a catalogue's sources, as they are now, and tries
// what they list in every location. It asks no source over the network.
func Inspect(c *catalog.Catalog) Inspection {
	i := inspector{catalog: c, lists: make(map[string][]catalog.Candidate), places: make(map[string]map[string]catalog.Position), seen: make(map[Finding]bool)}
	for _, name := range slices.Sorted(maps.Keys(c.Discovery)) {
		if d := c.Discovery[name]; d.File != nil {
			i.read(name, d)
		} else {
			i.found.Others = append(i.found.Others, name)
		}
	}
	services := make(map[string]bool)
	for _, location := range slices.Sorted(maps.Keys(c.Locations)) {
		for service := range i.extend(location) {
			services[service] = true
		}
	}
	i.found.Services = len(services)
	slices.SortStableFunc(i.found.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Position.File, b.Position.File), cmp.Compare(a.Position.Line, b.Position.Line), cmp.Compare(a.Position.Column, b.Position.Column))
	})
	return i.found
}

type inspector struct {
	catalog *catalog.Catalog
	lists   map[string][]catalog.Candidate         // by source
	places  map[string]map[string]catalog.Position // by source and target
	seen    map[Finding]bool
	found   Inspection
}

// read lists the targets of a source, and where they stand.
func (i *inspector) read(name string, d *catalog.Discovery) {
	f := &file{name: name, spec: d.File}
	i.places[name] = make(map[string]catalog.Position)
	paths, err := f.paths()
	if err != nil {
		i.whole(name, d.File.Paths[0], err)
	}
	for _, path := range paths {
		l, err := f.readOne(path)
		if err != nil {
			i.whole(name, path, err)
			continue
		}
		for target, at := range places(path) {
			if _, known := i.places[name][target]; !known {
				i.places[name][target] = at
			}
		}
		i.found.Targets += len(l.candidates) + len(l.rejected)
		i.lists[name] = append(i.lists[name], l.candidates...)
		for _, r := range l.rejected {
			i.add(r)
		}
	}
}

// whole notes a file that cannot be read.
func (i *inspector) whole(source, path string, err error) {
	at := catalog.Position{File: path}
	var syntax *json.SyntaxError
	if text, unread := os.ReadFile(path); errors.As(err, &syntax) && unread == nil {
		at.Line, at.Column = lineAndColumn(text, int(syntax.Offset)-1)
	}
	i.found.Findings = append(i.found.Findings, Finding{Position: at, Source: source, Problem: short(err.Error()), Absent: errors.Is(err, fs.ErrNotExist)})
}

// extend tries what the sources of a location list, and returns the services.
func (i *inspector) extend(location string) map[string]string {
	var all []catalog.Candidate
	for _, name := range slices.Sorted(maps.Keys(i.lists)) {
		if slices.Contains(i.catalog.Discovery[name].Locations, location) {
			all = append(all, i.lists[name]...)
		}
	}
	extended, rejected := i.catalog.Extend(all, nil)
	for _, r := range rejected {
		i.add(r)
	}
	return extended.Discovered()
}

// add notes a rejection, once.
func (i *inspector) add(r catalog.Rejection) {
	f := Finding{Position: i.places[r.Source][r.Target], Source: r.Source, Target: r.Target, Problem: r.Problem, Kept: r.Kept}
	if !i.seen[f] {
		i.seen[f] = true
		i.found.Findings = append(i.found.Findings, f)
	}
}
