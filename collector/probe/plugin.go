package probe

import (
	"slices"
	"strconv"
	"strings"
)

const (
	// maxPerformance bounds the numbers of one probe: each is a series.
	maxPerformance = 20
	// maxLabel bounds their names, in bytes.
	maxLabel = 60
)

// plugin is what a monitoring plugin wrote.
type plugin struct {
	text        string // its first line, for people
	performance []Performance
}

// parsePlugin reads a plugin's output: a line of text, perhaps performance data
// behind a |, more lines, and perhaps more performance data behind another |.
// The format is that of the monitoring plugins' guidelines.
func parsePlugin(output string) plugin {
	first, rest, _ := strings.Cut(output, "\n")
	text, data, _ := strings.Cut(first, "|")
	p := plugin{text: strings.TrimSpace(text)}
	p.add(data)
	if _, more, found := strings.Cut(rest, "|"); found {
		p.add(more)
	}
	return p
}

// add reads label=value[unit];warn;crit;min;max, separated by spaces. What does
// not read as that is left out.
func (p *plugin) add(data string) {
	for len(p.performance) < maxPerformance {
		var label, value string
		var more bool
		if label, value, data, more = nextPerformance(data); !more {
			return
		}
		number, unit, ok := quantity(value)
		label = bound(printable(label), maxLabel)
		known := slices.ContainsFunc(p.performance, func(have Performance) bool { return have.Label == label })
		if ok && !known && label != "" {
			p.performance = append(p.performance, Performance{Label: label, Unit: unit, Value: number})
		}
	}
}

// nextPerformance takes one item off the data, while there are more. A label
// with spaces stands in single quotes, a quote in it is written twice.
func nextPerformance(data string) (label, value, rest string, more bool) {
	data = strings.TrimSpace(data)
	if quoted, is := strings.CutPrefix(data, "'"); is {
		label, data = unquoteLabel(quoted)
		data = strings.TrimPrefix(data, "=")
	} else {
		if label, data, more = strings.Cut(data, "="); !more {
			return "", "", "", false
		}
		if i := strings.LastIndexAny(label, " \t\r\n"); i >= 0 {
			label = label[i+1:] // what stood before has no value
		}
	}
	end := strings.IndexAny(data, " \t\r\n")
	if end < 0 {
		end = len(data)
	}
	value, _, _ = strings.Cut(data[:end], ";")
	return label, value, data[end:], true
}

// unquoteLabel reads up to the quote that ends a label.
func unquoteLabel(text string) (label, rest string) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "'")
		b.WriteString(before)
		if !found || !strings.HasPrefix(after, "'") {
			return b.String(), after
		}
		b.WriteByte('\'')
		text = after[1:]
	}
}

// quantity reads a number with a unit and turns it into base units.
func quantity(text string) (value float64, unit string, ok bool) {
	number := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ%µ")
	value, err := strconv.ParseFloat(strings.Replace(number, ",", ".", 1), 64)
	if err != nil {
		return 0, "", false
	}
	scale, unit := baseUnit(text[len(number):])
	return value * scale, unit, true
}

// baseUnit is the factor and the base unit of a plugin's unit. Plugins count
// KB in 1,024.
func baseUnit(unit string) (float64, string) {
	const ki = 1024
	switch strings.ToLower(unit) {
	case "s":
		return 1, "seconds"
	case "ms":
		return 1e-3, "seconds"
	case "us", "µs":
		return 1e-6, "seconds"
	case "ns":
		return 1e-9, "seconds"
	case "%":
		return 1e-2, "ratio"
	case "b":
		return 1, "bytes"
	case "kb":
		return ki, "bytes"
	case "mb":
		return ki * ki, "bytes"
	case "gb":
		return ki * ki * ki, "bytes"
	case "tb":
		return ki * ki * ki * ki, "bytes"
	}
	return 1, ""
}
