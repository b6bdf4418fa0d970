package plot

import (
	"cmp"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/figures"
)

// Mark is an instant of the incident in the drawing: one upright line with a
// letter.
type Mark struct {
	At   time.Time
	Kind string // a class of the style sheet: opened, acknowledged, closed or run
	Text string // "Acknowledged by Asha Rao"
}

// letters stand over the marks.
var letters = map[string]string{"opened": "O", "acknowledged": "A", "closed": "C", "run": "D"}

// Letter is what stands over a mark of a kind.
func Letter(kind string) string { return letters[kind] }

// Options of a drawing.
type Options struct {
	ID          string // begins the ids in the drawing; unique in a page
	From, Until time.Time
	Zone        *time.Location // nil for UTC
	Marks       []Mark
	Alone       bool // it is a file of its own, with its style and the meaning of the marks
}

// The measures of a drawing, in its own units.
const (
	width     = 400
	left      = 46 // of a plot of lines; names need more
	right     = 12
	lettersIn = 13 // height of a row of letters
	tall      = 118
	axis      = 20
	row       = 16
	mostLines = 6
	mostRows  = 12
	perLetter = 6.2 // width, about
)

// canvas collects the elements of a drawing.
type canvas struct {
	strings.Builder
	o          Options
	left       float64 // where time begins
	top, floor float64 // of the plot, and of the whole so far
}

func (c *canvas) add(format string, args ...any) { fmt.Fprintf(c, format+"\n", args...) }

// text puts words at a place; anchor is start, middle or end.
func (c *canvas) text(x, y float64, anchor, class, words string) {
	c.add(`<text x="%s" y="%s" text-anchor="%s" class="%s">%s</text>`, num(x), num(y), anchor, class, html.EscapeString(words))
}

// x is where an instant lies.
func (c *canvas) x(at time.Time) float64 {
	span := c.o.Until.Sub(c.o.From).Seconds()
	return c.left + (width-right-c.left)*at.Sub(c.o.From).Seconds()/span
}

func num(v float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.1f", v), "0"), ".")
}

// SVG draws a chart.
func SVG(chart figures.Chart, o Options) string {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if !o.Until.After(o.From) {
		o.Until = o.From.Add(time.Minute)
	}
	c := &canvas{o: o}
	if chart.Unit == figures.State {
		c.states(chart)
	} else {
		c.lines(chart)
	}
	if o.Alone {
		c.key()
	}
	return c.wrap(chart)
}

// wrap puts the drawing into its frame.
func (c *canvas) wrap(chart figures.Chart) string {
	id, title := html.EscapeString(c.o.ID), html.EscapeString(chart.Title)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 0 %d %s" role="img" aria-labelledby="%[3]s-title %[3]s-about">`, width, num(c.floor), id)
	fmt.Fprintf(&b, "\n<title id=\"%s-title\">%s</title>\n<desc id=\"%[1]s-about\">%[3]s</desc>\n", id, title, html.EscapeString(strings.Join(words(chart), " ")))
	if c.o.Alone {
		fmt.Fprintf(&b, "<style>%s</style>\n<rect class=\"paper\" width=\"100%%\" height=\"100%%\"/>\n<text x=\"8\" y=\"18\" class=\"name\">%s</text>\n", Style, title)
	}
	b.WriteString(c.String())
	b.WriteString("</svg>\n")
	return b.String()
}

// begin sets where time begins, and leaves room for the letters over it.
func (c *canvas) begin(left float64) {
	c.left = left
	_, rows := c.place()
	c.top = 6 + float64(rows*lettersIn)
	if c.o.Alone {
		c.top += 22 // the title
	}
}

// placed is a mark and the row that its letter stands in.
type placed struct {
	Mark
	x   float64
	row int
}

// place gives every mark in the span its place, so that no letter covers
// another.
func (c *canvas) place() (marks []placed, rows int) {
	last := map[int]float64{}
	for _, m := range slices.SortedFunc(slices.Values(c.o.Marks), func(a, b Mark) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Text, b.Text)) }) {
		if m.At.Before(c.o.From) || m.At.After(c.o.Until) {
			continue
		}
		p := placed{Mark: m, x: c.x(m.At)}
		for x, taken := last[p.row]; taken && p.x-x < 11 && p.row < 2; x, taken = last[p.row] {
			p.row++
		}
		last[p.row] = p.x
		rows = max(rows, p.row+1)
		marks = append(marks, p)
	}
	return marks, rows
}

// marks draws the marks from their letters down to the axis.
func (c *canvas) marks(bottom float64) {
	marks, _ := c.place()
	for _, m := range marks {
		y := c.top - 5 - float64(m.row*lettersIn)
		c.add(`<g class="mark %s"><title>%s</title><line x1="%[3]s" x2="%[3]s" y1="%[4]s" y2="%[5]s"/>`, m.Kind, html.EscapeString(m.Text), num(m.x), num(y+2), num(bottom))
		c.text(m.x, y, "middle", "letter", letters[m.Kind])
		c.add(`</g>`)
	}
}

// times draws the axis of time.
func (c *canvas) times(bottom float64) {
	span := c.o.Until.Sub(c.o.From)
	most := 5
	if span > 20*time.Hour && span <= 3*24*time.Hour {
		most = 4 // the words are longer
	}
	zone := c.o.From.In(c.o.Zone).Format("MST")
	end := 2 + perLetter*float64(len(zone))
	for _, at := range timeTicks(c.o.From, c.o.Until, c.o.Zone, most) {
		x, label := c.x(at), timeLabel(at, c.o.Zone, span)
		half := perLetter * float64(len(label)) / 2
		c.add(`<line class="tick" x1="%[1]s" x2="%[1]s" y1="%s" y2="%s"/>`, num(x), num(bottom), num(bottom+4))
		if x-half > end && x+half < width {
			c.text(x, bottom+15, "middle", "label", label)
			end = x + half + 4
		}
	}
	c.text(2, bottom+15, "start", "label", zone)
	c.floor = bottom + axis
}

// lines draws values over time.
func (c *canvas) lines(chart figures.Chart) {
	c.begin(left)
	shown, rest := mostWorth(chart, mostLines)
	low, high := 0.0, 0.0
	for _, s := range shown {
		for _, v := range s.Value {
			low, high = math.Min(low, v), math.Max(high, v)
		}
	}
	if chart.Limit != nil {
		high = math.Max(high, *chart.Limit)
	}
	if chart.Unit == figures.Ratio && high > 0.5 && high <= 1 {
		high = 1
	}
	ticks := niceTicks(low, high)
	low, high = ticks[0], ticks[len(ticks)-1]
	bottom := c.top + tall
	y := func(v float64) float64 { return bottom - tall*(v-low)/(high-low) }
	for _, v := range ticks {
		c.add(`<line class="grid" x1="%s" x2="%d" y1="%[3]s" y2="%[3]s"/>`, num(c.left), width-right, num(y(v)))
		c.text(c.left-5, y(v)+4, "end", "label", Value(v, chart.Unit))
	}
	if chart.Limit != nil {
		c.add(`<line class="limit" x1="%s" x2="%d" y1="%[3]s" y2="%[3]s"/>`, num(c.left), width-right, num(y(*chart.Limit)))
	}
	for i, s := range shown {
		c.line(chart, s, fmt.Sprintf("s%d", i), y)
	}
	c.marks(bottom)
	c.times(bottom)
	c.legend(chart, shown, rest)
}

// line draws one series: a stroke for each stretch that is known, and a dot
// where a point stands alone.
func (c *canvas) line(chart figures.Chart, s figures.Series, class string, y func(float64) float64) {
	var path strings.Builder
	for i := range s.At {
		at := time.Unix(s.At[i], 0)
		if at.Before(c.o.From) || at.After(c.o.Until) {
			continue
		}
		begins := i == 0 || gap(chart, s, i-1) || time.Unix(s.At[i-1], 0).Before(c.o.From)
		ends := i == len(s.At)-1 || gap(chart, s, i)
		if begins && ends {
			c.add(`<circle class="%s" cx="%s" cy="%s" r="1.6"/>`, class, num(c.x(at)), num(y(s.Value[i])))
			continue
		}
		letter := "L"
		if begins {
			letter = "M"
		}
		fmt.Fprintf(&path, "%s%s %s", letter, num(c.x(at)), num(y(s.Value[i])))
	}
	if path.Len() > 0 {
		c.add(`<path class="%s" d="%s"/>`, class, path.String())
	}
}

// gap says whether nothing is known between a point and the next one.
func gap(chart figures.Chart, s figures.Series, i int) bool {
	return time.Duration(s.At[i+1]-s.At[i])*time.Second > chart.Step*5/2
}

// mostWorth are the series that are drawn where there are too many: the worst.
func mostWorth(chart figures.Chart, most int) (shown []figures.Series, rest int) {
	shown = slices.Clone(chart.Series)
	shown = slices.DeleteFunc(shown, func(s figures.Series) bool { return len(s.Value) == 0 })
	if len(shown) > most {
		bad := func(s figures.Series) float64 {
			if chart.Lowest {
				return slices.Min(s.Value)
			}
			return -slices.Max(s.Value)
		}
		slices.SortStableFunc(shown, func(a, b figures.Series) int { return cmp.Compare(bad(a), bad(b)) })
		rest = len(shown) - most
		shown = shown[:most]
		slices.SortFunc(shown, func(a, b figures.Series) int { return cmp.Compare(a.Name(), b.Name()) })
	}
	return shown, rest + chart.Omitted
}

// legend names the lines, as many in a row as there is room.
func (c *canvas) legend(chart figures.Chart, shown []figures.Series, rest int) {
	x, y := c.left, c.floor+10
	item := func(class, words string) {
		need := 24 + perLetter*float64(utf8.RuneCountInString(words)) + 10
		if x > c.left && x+need > width {
			x, y = c.left, y+row
		}
		if class != "" {
			c.add(`<path class="%s" d="M%s %sH%s"/>`, class, num(x), num(y-4), num(x+18))
		}
		c.text(x+24, y, "start", "label", words)
		x += need
	}
	for i, s := range shown {
		item(fmt.Sprintf("s%d", i), shortened(name(chart, s), 48))
	}
	if chart.Limit != nil {
		item("limit", "threshold "+Value(*chart.Limit, chart.Unit))
	}
	if rest > 0 {
		item("", fmt.Sprintf("and %d less telling", rest))
	}
	c.floor = y + 6
}

func shortened(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// key says what the letters mean, for a drawing that stands alone.
func (c *canvas) key() {
	marks, _ := c.place()
	for _, m := range marks {
		c.text(8, c.floor+10, "start", "label", fmt.Sprintf("%s  %s  %s", letters[m.Kind], m.At.In(c.o.Zone).Format("15:04:05"), shortened(m.Text, 50)))
		c.floor += row
	}
}
