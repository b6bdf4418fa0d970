package collector

import (
	"bytes"
	"io"
	"math"
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"
)

// chunk is how much text is handed to the writer at once.
const chunk = 32 << 10

// label is one label of a series.
type label struct{ name, value string }

// page is one scrape under way. It writes text as client_golang's encoder
// would, byte for byte, or collects families for the encoders of the other
// formats. It leaves out the registry's checks and copies on every series:
// labels come sorted by name, and two series are never the same because keys
// are not. Tests have the encoder and the registry check it.
type page struct {
	out         io.Writer // nil where families are collected
	openMetrics bool
	err         error // of out

	text     []byte
	families []*dto.MetricFamily
	name     string
	kind     dto.MetricType
	help     string
	begun    bool // the family has a series
}

// begin starts a family. One without a series is not written.
func (p *page) begin(name, help string, kind dto.MetricType) {
	p.name, p.help, p.kind, p.begun = name, help, kind, false
}

// sample adds a series to the family, its labels sorted by name.
func (p *page) sample(value float64, labels ...label) {
	if p.out == nil {
		p.collect(value, labels)
		return
	}
	if !p.begun {
		p.header()
	}
	b := append(p.text, p.name...)
	separator := byte('{')
	for _, l := range labels {
		b = append(append(b, separator), l.name...)
		b = append(appendEscaped(append(b, '=', '"'), l.value), '"')
		separator = ','
	}
	if len(labels) > 0 {
		b = append(b, '}')
	}
	p.text = append(p.appendValue(append(b, ' '), value), '\n')
	if len(p.text) >= chunk {
		p.flush()
	}
}

// header writes a family's help and type. OpenMetrics calls a family of
// counters what stands before _total.
func (p *page) header() {
	p.begun = true
	name, kind := p.name, strings.ToLower(p.kind.String())
	if p.openMetrics && p.kind == dto.MetricType_COUNTER {
		name = strings.TrimSuffix(name, "_total")
	}
	for _, part := range []string{"# HELP ", name, " ", p.help, "\n# TYPE ", name, " ", kind, "\n"} {
		p.text = append(p.text, part...)
	}
}

// flush hands the text on. After an error nothing more is written.
func (p *page) flush() {
	if p.err == nil && len(p.text) > 0 {
		_, p.err = p.out.Write(p.text)
	}
	p.text = p.text[:0]
}

// appendEscaped appends a label's value as the text format quotes it.
func appendEscaped(b []byte, value string) []byte {
	for i := range len(value) {
		switch c := value[i]; c {
		case '\\', '"':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		default:
			b = append(b, c)
		}
	}
	return b
}

// appendValue appends a number in its shortest form: with an exponent from a
// million on, as strconv's format g decides it.
func (p *page) appendValue(b []byte, value float64) []byte {
	start := len(b)
	if value == math.Trunc(value) && math.Abs(value) < 1e6 {
		b = strconv.AppendInt(b, int64(value), 10) // the same digits, sooner
	} else {
		b = strconv.AppendFloat(b, value, 'g', -1, 64)
	}
	if p.openMetrics && !bytes.ContainsAny(b[start:], "e.NI") {
		b = append(b, ".0"...)
	}
	return b
}

// collect adds a series to the families.
func (p *page) collect(value float64, labels []label) {
	if !p.begun {
		p.begun = true
		name, help, kind := p.name, p.help, p.kind
		p.families = append(p.families, &dto.MetricFamily{Name: &name, Help: &help, Type: &kind})
	}
	m := &dto.Metric{Label: make([]*dto.LabelPair, len(labels))}
	for i := range labels {
		name, value := labels[i].name, labels[i].value
		m.Label[i] = &dto.LabelPair{Name: &name, Value: &value}
	}
	switch p.kind {
	case dto.MetricType_COUNTER:
		m.Counter = &dto.Counter{Value: &value}
	default:
		m.Gauge = &dto.Gauge{Value: &value}
	}
	family := p.families[len(p.families)-1]
	family.Metric = append(family.Metric, m)
}
