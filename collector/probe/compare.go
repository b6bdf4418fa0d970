package probe

import (
	"math"
	"strconv"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// judgeValue turns a value as a server wrote it into the measure that is exported,
// where it is a finite number, and compares it. What names what was asked. The
// error is a *misfit, or nil.
func judgeValue(what, found string, want catalog.Comparison) ([]Measured, error) {
	var measures []Measured
	number, err := strconv.ParseFloat(strings.TrimSpace(found), 64)
	if err == nil && !math.IsNaN(number) && !math.IsInf(number, 0) {
		measures = []Measured{{Value, number}}
	}
	if !want.IsZero() && !want.Holds(found) {
		return measures, misfitf(ReasonBody, "%s: got %s, want %s", what, quote(found), want)
	}
	return measures, nil
}
