package postmortem

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/figures"
)

// BenchmarkTypical is the incident of the golden files: a closed one is drawn
// anew at each view, because this is all that it costs.
func BenchmarkTypical(b *testing.B) {
	in := outage(b)
	text, err := in.Figures.Encode()
	require.NoError(b, err)
	for b.Loop() {
		if in.Figures, err = figures.Decode(text); err != nil {
			b.Fatal(err)
		}
		if _, err := HTML(Draft(in)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHTML is an incident that has all that can be kept.
func BenchmarkHTML(b *testing.B) {
	var f figures.Figures
	f.From, f.Until, f.ReadAt = nine, nine.Add(8*time.Hour), nine
	for _, q := range figures.Questions() {
		c := figures.Chart{Name: q.Name, Title: q.Title, Unit: q.Unit, Lowest: q.Lowest, Step: time.Minute}
		for n := range figures.MostSeries {
			s := figures.Series{Labels: map[string]string{"probe": fmt.Sprint("p", n)}}
			for i := range figures.MostPoints {
				s.At, s.Value = append(s.At, after(float64(i)).Unix()), append(s.Value, float64(i*n%17)/17)
			}
			c.Series = append(c.Series, s)
		}
		f.Charts = append(f.Charts, c)
	}
	text, err := f.Encode()
	require.NoError(b, err)
	in := Input{Now: nine.Add(8 * time.Hour), Whom: func(s string) string { return s }}
	for b.Loop() {
		if in.Figures, err = figures.Decode(text); err != nil {
			b.Fatal(err)
		}
		if _, err := HTML(Draft(in)); err != nil {
			b.Fatal(err)
		}
	}
}
