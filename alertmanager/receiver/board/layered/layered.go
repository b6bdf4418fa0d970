// Package layered puts a graph of dependencies into columns, so that every line
// leads from left to right and few of them cross.
//
// The board's map draws what it places.
//
// A node stands one column right of the last that needs it. Within a column
// nodes are ordered by where their neighbours stand, in some sweeps to and fro,
// which is no optimum but the same every time for the same graph.
package layered

import (
	"cmp"
	"maps"
	"slices"
)

// Place is where a node stands, both from 0.
type Place struct{ Column, Row int }

// Plan is a graph that is laid out.
type Plan struct {
	Places        map[string]Place
	Edges         [][2]string // needs, needed; in the order of names
	Columns, Rows int
}

// sweeps is how often the order is improved.
const sweeps = 12

// Layout places what needs something or is needed, by name of what it needs.
// Names that are not nodes themselves are left out, and so is what stands alone.
func Layout(needs map[string][]string) Plan {
	p := Plan{Places: map[string]Place{}}
	left, right := map[string][]string{}, map[string][]string{} // neighbours
	for _, name := range slices.Sorted(maps.Keys(needs)) {
		for _, below := range needs[name] {
			if _, is := needs[below]; is && below != name {
				right[name], left[below] = append(right[name], below), append(left[below], name)
				p.Edges = append(p.Edges, [2]string{name, below})
			}
		}
	}
	columns := columnsOf(needs, left, right)
	for n := range sweeps {
		sweep(columns, left, right, n%2 == 0)
	}
	p.Columns = len(columns)
	for _, column := range columns {
		p.Rows = max(p.Rows, len(column))
	}
	for c, column := range columns {
		for row, name := range column {
			p.Places[name] = Place{c, row}
		}
	}
	return p
}

// columnsOf sorts the nodes into columns. A cycle is cut where it is met.
func columnsOf(needs, left, right map[string][]string) [][]string {
	depth, under := map[string]int{}, map[string]bool{}
	var find func(string) int
	find = func(name string) int {
		if d, known := depth[name]; known {
			return d
		}
		under[name] = true
		d := 0
		for _, above := range left[name] {
			if !under[above] {
				d = max(d, find(above)+1)
			}
		}
		under[name] = false
		depth[name] = d
		return d
	}
	var columns [][]string
	for _, name := range slices.Sorted(maps.Keys(needs)) {
		if len(left[name])+len(right[name]) == 0 {
			continue
		}
		at := find(name)
		for len(columns) <= at {
			columns = append(columns, nil)
		}
		columns[at] = append(columns[at], name)
	}
	return columns
}

// sweep orders each column by the middle of its neighbours in those before it,
// from the left or from the right.
func sweep(columns [][]string, left, right map[string][]string, fromLeft bool) {
	at := map[string]float64{} // height, from 0 to 1: columns differ in length
	note := func(column []string) {
		for row, name := range column {
			at[name] = (float64(row) + 0.5) / float64(len(column))
		}
	}
	for _, column := range columns {
		note(column)
	}
	for n := range columns {
		column, neighbours := columns[n], left
		if !fromLeft {
			column, neighbours = columns[len(columns)-1-n], right
		}
		want := map[string]float64{}
		for _, name := range column {
			want[name] = at[name]
			if around := neighbours[name]; len(around) > 0 {
				sum := 0.0
				for _, other := range around {
					sum += at[other]
				}
				want[name] = sum / float64(len(around))
			}
		}
		slices.SortStableFunc(column, func(a, b string) int { return cmp.Compare(want[a], want[b]) })
		note(column)
	}
}

// Crossings counts the pairs of lines between neighbouring columns that cross.
func (p Plan) Crossings() int {
	crossings := 0
	for i, a := range p.Edges {
		for _, b := range p.Edges[i+1:] {
			from, to, from2, to2 := p.Places[a[0]], p.Places[a[1]], p.Places[b[0]], p.Places[b[1]]
			if from.Column == from2.Column && to.Column == to2.Column && (from.Row-from2.Row)*(to.Row-to2.Row) < 0 {
				crossings++
			}
		}
	}
	return crossings
}
