package board

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board/layered"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

// Sizes of the map, in its own units.
const (
	boxWidth, boxHeight = 190, 48
	gapWidth, gapHeight = 74, 14
	mapMargin           = 8
	longestName         = 21 // runes that fit into a box
)

type mapView struct {
	frame
	Width, Height int
	Boxes         []box
	Lines         []link
	Services      []mapRow
	Counts        []stateCount
}

// box is a service on the map.
type box struct {
	mapRow
	X, Y  int
	Short string // the name as it fits
}

// link is a line from a service to one that it needs.
type link struct {
	Path string
	Hot  bool // both have an incident: one may come from the other
}

// mapRow is a service in the table.
type mapRow struct {
	Name, Address string // where its link leads
	State, Word   string
	Incident      incident.ID // the worst; 0 for none
	Needs, Needed []string
	Alone         bool
}

type stateCount struct {
	State, Word string
	Count       int
}

func (b *board) mountMap(mux *http.ServeMux) { mux.HandleFunc("GET /map", b.serviceMap) }

// serviceMap draws what depends on what, and how it is.
func (b *board) serviceMap(w http.ResponseWriter, r *http.Request) {
	open, windows, ok := b.current(w, r)
	if !ok {
		return
	}
	rows := b.mapRows(open, windows)
	v := mapView{frame: b.frame(r, "Map")}
	v.Live = true
	v.draw(rows)
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		v.Services = append(v.Services, *rows[name])
	}
	slices.SortStableFunc(v.Services, func(a, c mapRow) int { return stateRank(a.State) - stateRank(c.State) })
	v.count()
	b.render(w, r, http.StatusOK, "map", v)
}

// states are what a service may be in, the worst first.
func states() []stateCount {
	return []stateCount{
		{State: "critical", Word: "critical"},
		{State: "warning", Word: "warning"},
		{State: "info", Word: "information"},
		{State: "works", Word: "in maintenance"},
		{State: "fine", Word: "fine"},
		{State: "unwatched", Word: "not watched"},
	}
}

func stateRank(state string) int {
	return slices.IndexFunc(states(), func(s stateCount) bool { return s.State == state })
}

func (v *mapView) count() {
	for _, s := range states() {
		for _, row := range v.Services {
			if row.State == s.State {
				s.Count++
			}
		}
		if s.Count > 0 {
			v.Counts = append(v.Counts, s)
		}
	}
}

// mapRows is every service with its state: that of its worst incident.
func (b *board) mapRows(open []incident.Incident, windows Windows) map[string]*mapRow {
	rows := map[string]*mapRow{}
	c := b.Desk.Catalog()
	for name, service := range c.Services {
		row := &mapRow{Name: name, State: "fine", Needs: service.DependsOn, Address: "/history?service=" + url.QueryEscape(name)}
		if len(service.Probes)+len(service.Resources)+len(service.Pipelines)+len(service.AlertsFrom) == 0 {
			row.State = "unwatched"
		}
		for _, w := range windows.Open {
			if w.Scope.Covers(service) {
				row.State = "works"
			}
		}
		rows[name] = row
	}
	for name, service := range c.Services {
		for _, below := range service.DependsOn {
			if rows[below] != nil {
				rows[below].Needed = append(rows[below].Needed, name)
			}
		}
	}
	for _, i := range slices.Backward(sorted(open)) { // the worst last
		if row := rows[i.Service]; row != nil && !i.Drill {
			row.State, row.Incident, row.Address = string(i.Severity), i.ID, fmt.Sprintf("/incidents/%d", i.ID)
			if i.Withheld() {
				row.State = "works"
			}
		}
	}
	for _, row := range rows {
		slices.Sort(row.Needed)
		row.Alone = len(row.Needs)+len(row.Needed) == 0
		row.Word = states()[max(0, stateRank(row.State))].Word
		if row.Incident != 0 {
			row.Word += fmt.Sprintf(" #%d", row.Incident)
		}
	}
	return rows
}

// draw places what depends on something, in columns, and what stands alone
// below it in rows.
func (v *mapView) draw(rows map[string]*mapRow) {
	needs := map[string][]string{}
	for name, row := range rows {
		needs[name] = row.Needs
	}
	plan := layered.Layout(needs)
	columns := max(plan.Columns, 3)
	v.Width = columns*boxWidth + (columns-1)*gapWidth + 2*mapMargin
	height := func(rows int) int { return rows * (boxHeight + gapHeight) }
	spots := map[string]box{}
	lengths := map[int]int{}
	for _, place := range plan.Places {
		lengths[place.Column]++
	}
	for name, place := range plan.Places {
		top := (height(plan.Rows) - height(lengths[place.Column])) / 2 // a short column stands in the middle
		spots[name] = spot(rows[name], place.Column, top+height(place.Row))
	}
	for _, e := range plan.Edges {
		v.Lines = append(v.Lines, link{curve(spots[e[0]], spots[e[1]]), rows[e[0]].Incident != 0 && rows[e[1]].Incident != 0})
	}
	below, n := height(plan.Rows), 0
	if plan.Rows > 0 {
		below += gapHeight
	}
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		if rows[name].Alone || spots[name].Name == "" {
			spots[name] = spot(rows[name], n%columns, below+height(n/columns))
			n++
		}
	}
	v.Height = below + height((n+columns-1)/columns) + 2*mapMargin
	for _, name := range slices.Sorted(maps.Keys(spots)) {
		v.Boxes = append(v.Boxes, spots[name])
	}
	slices.SortStableFunc(v.Boxes, func(a, c box) int { // the order of the keyboard: down the columns
		return (a.X-c.X)*v.Height + a.Y - c.Y
	})
}

func spot(row *mapRow, column, y int) box {
	return box{mapRow: *row, X: mapMargin + column*(boxWidth+gapWidth), Y: mapMargin + y, Short: notify.OneLine(row.Name, longestName)}
}

// curve leads from the right side of one box to the left side of another.
func curve(from, to box) string {
	x, y, x2, y2 := from.X+boxWidth, from.Y+boxHeight/2, to.X, to.Y+boxHeight/2
	bend := max(gapWidth/2, (x2-x)/2)
	return fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x, y, x+bend, y, x2-bend, y2, x2, y2)
}
