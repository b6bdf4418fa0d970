package plot

import (
	"fmt"
	"html"
	"time"
	"unicode/utf8"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/figures"
)

// The measures of a row of states.
const (
	stateRow  = 20
	mostNamed = 150 // width of the names
)

// states draws a row for each series: a thin band while it is up, a thick one
// while it is down, and nothing where nobody knows.
func (c *canvas) states(chart figures.Chart) {
	shown, rest := mostWorth(chart, mostRows)
	named := float64(left) // below stands the name of the zone
	for _, s := range shown {
		named = max(named, min(mostNamed, 14+perLetter*float64(utf8.RuneCountInString(name(chart, s)))))
	}
	c.begin(named)
	bottom := c.top + float64(stateRow*len(shown)) + 2
	for i, s := range shown {
		middle := c.top + stateRow*(float64(i)+0.5)
		words := name(chart, s)
		c.add(`<g><title>%s: %s</title>`, html.EscapeString(words), html.EscapeString(downFor(s, c.o.From, c.o.Until, chart.Step)))
		c.text(4, middle+4, "start", "label", shortened(words, int((c.left-6)/perLetter)))
		c.add(`<line class="unknown" x1="%s" x2="%d" y1="%[3]s" y2="%[3]s"/>`, num(c.left), width-right, num(middle))
		c.bands(chart, s, middle)
		c.add(`</g>`)
	}
	c.marks(bottom)
	c.times(bottom)
	c.add(`<rect class="up" x="%s" y="%s" width="18" height="4"/>`, num(c.left), num(c.floor+4))
	c.text(c.left+24, c.floor+10, "start", "label", "up")
	c.add(`<rect class="down" x="%s" y="%s" width="18" height="12"/>`, num(c.left+60), num(c.floor))
	c.text(c.left+84, c.floor+10, "start", "label", "down")
	if rest > 0 {
		c.text(c.left+130, c.floor+10, "start", "label", fmt.Sprintf("and %d more", rest))
	}
	c.floor += 16
}

// bands draws stretches of the same state. A point speaks for the time since
// the one before it, a step at most.
func (c *canvas) bands(chart figures.Chart, s figures.Series, middle float64) {
	type band struct {
		from, until time.Time
		up          bool
	}
	var bands []band
	for i := range s.At {
		until := time.Unix(s.At[i], 0)
		from := until.Add(-chart.Step)
		if i > 0 && !gap(chart, s, i-1) {
			from = time.Unix(s.At[i-1], 0)
		}
		if until.After(c.o.Until) {
			until = c.o.Until
		}
		if from.Before(c.o.From) {
			from = c.o.From
		}
		if !until.After(from) {
			continue
		}
		up := s.Value[i] >= 1
		if n := len(bands); n > 0 && bands[n-1].up == up && !from.After(bands[n-1].until) {
			bands[n-1].until = until
			continue
		}
		bands = append(bands, band{from, until, up})
	}
	for _, b := range bands {
		class, height := "down", 12.0
		if b.up {
			class, height = "up", 4.0
		}
		wide := max(c.x(b.until)-c.x(b.from), 1.5)
		c.add(`<rect class="%s" x="%s" y="%s" width="%s" height="%s"/>`, class, num(c.x(b.from)), num(middle-height/2), num(wide), num(height))
	}
}
