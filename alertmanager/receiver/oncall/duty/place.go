package duty

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// Place is where an iCal calendar stands in the catalogue.
type Place struct {
	Path string // such as rotas.shop.absences[0]
	catalog.ICal
	absences *catalog.Absences // nil for holidays
}

// key is the path of the key that says where the calendar is.
func (p Place) key() string {
	switch {
	case p.URLFile != "":
		return p.Path + ".url_file"
	case p.URL != "":
		return p.Path + ".url"
	}
	return p.Path + ".file"
}

// Places are all places of iCal calendars in a catalogue, those of a rota
// together.
func Places(c *catalog.Catalog) []Place {
	var all []Place
	for _, name := range slices.Sorted(maps.Keys(c.Rotas)) {
		all = append(all, placesOf(c.Rotas[name])...)
	}
	return all
}

func placesOf(rota *catalog.Rota) []Place {
	var all []Place
	path := "rotas." + rota.Name
	for n, layer := range rota.Layers {
		if layer.Only == nil {
			continue
		}
		for key, list := range map[string][]catalog.Holidays{"holidays": layer.Only.Holidays, "except": layer.Only.Except} {
			for i, holidays := range list {
				if holidays.ID() != "" {
					all = append(all, Place{Path: fmt.Sprintf("%s.layers[%d].only.%s[%d]", path, n, key, i), ICal: holidays.ICal})
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b Place) int { return strings.Compare(a.Path, b.Path) })
	for n := range rota.Absences {
		all = append(all, Place{Path: fmt.Sprintf("%s.absences[%d]", path, n), ICal: rota.Absences[n].ICal, absences: &rota.Absences[n]})
	}
	return all
}

// Files are the iCal files of a catalogue, each once.
func Files(c *catalog.Catalog) []string {
	var files []string
	for _, place := range Places(c) {
		if place.File != "" {
			files = append(files, string(place.File))
		}
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// Feeds are the calendars of a catalogue that are fetched, each once, as often
// as the one of its places wants that wants it most.
func Feeds(c *catalog.Catalog) []catalog.ICal {
	feeds := map[string]catalog.ICal{}
	for _, place := range Places(c) {
		if known, found := feeds[place.ID()]; place.Fetched() && (!found || place.Interval() < known.Interval()) {
			feeds[place.ID()] = place.ICal
		}
	}
	return slices.SortedFunc(maps.Values(feeds), func(a, b catalog.ICal) int { return strings.Compare(a.ID(), b.ID()) })
}
