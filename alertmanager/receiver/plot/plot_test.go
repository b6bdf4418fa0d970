package plot

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/figures"
)

var update = flag.Bool("update", false, "write the golden files")

var nine = time.Date(2026, 11, 23, 21, 0, 0, 0, time.UTC)

// series has a value for each step; NaN leaves it out.
func series(labels map[string]string, step time.Duration, values ...float64) figures.Series {
	s := figures.Series{Labels: labels}
	for i, v := range values {
		if !math.IsNaN(v) {
			s.At, s.Value = append(s.At, nine.Add(time.Duration(i)*step).Unix()), append(s.Value, v)
		}
	}
	return s
}

// outage is an hour in which something happened from the 35th minute to the
// 50th; nobody looked from the 10th to the 15th.
func outage(normal, bad float64, swing float64) []float64 {
	var values []float64
	for i := range 70 {
		v := normal + swing*math.Sin(float64(i))
		if i > 35 && i <= 50 {
			v = bad + swing*math.Sin(float64(i))
		}
		if i > 10 && i < 15 {
			v = math.NaN()
		}
		values = append(values, v)
	}
	return values
}

func charts() map[string]figures.Chart {
	at := func(probe, location string) map[string]string {
		return map[string]string{"probe": probe, "location": location}
	}
	return map[string]figures.Chart{
		"service": {Name: "service", Title: "Service, by the vote of the locations", Unit: figures.State, Lowest: true, Step: time.Minute, Series: []figures.Series{
			series(map[string]string{"service": "find-a-school"}, time.Minute, outage(1, 0, 0)...),
		}},
		"probes": {Name: "probes", Title: "Probes, by location", Unit: figures.State, Lowest: true, Step: time.Minute, Series: []figures.Series{
			series(at("home", "london"), time.Minute, outage(1, 0, 0)...), series(at("home", "dublin"), time.Minute, outage(1, 1, 0)...),
			series(at("login-with-a-long-name", "frankfurt-am-main"), time.Minute, 1, 1, 0, 1),
		}},
		"latency": {Name: "latency", Title: "Time of a probe's run", Unit: figures.Seconds, Step: time.Minute, Limit: new(1.0), Series: []figures.Series{
			series(at("home", "london"), time.Minute, outage(.22, 1.7, .05)...), series(at("home", "dublin"), time.Minute, outage(.31, 1.9, .03)...),
			series(at("login", "london"), time.Minute, outage(.6, .7, .01)...),
		}},
		"memory": {Name: "memory", Title: "Memory, of its limit", Unit: figures.Ratio, Step: time.Minute, Limit: new(.8), Series: []figures.Series{
			series(map[string]string{"component": "web", "instance": "a"}, time.Minute, outage(.4, .93, .01)...),
		}},
		"users": {Name: "users", Title: "Usage", Unit: figures.Count, Lowest: true, Step: time.Minute, Series: []figures.Series{
			series(map[string]string{"usage": "users"}, time.Minute, outage(12500, 900, 300)...),
		}},
		"budget": {Name: "budget", Title: "Error budget left", Unit: figures.Ratio, Lowest: true, Step: 6 * time.Minute, Series: []figures.Series{
			series(map[string]string{"service": "find-a-school"}, 6*time.Minute, .9, .9, .9, .9, .9, .9, .7, .4, -.1, -.1, -.1, -.1),
		}},
	}
}

func options(alone bool) Options {
	return Options{
		ID: "p", From: nine, Until: nine.Add(70 * time.Minute), Alone: alone, Marks: []Mark{
			{nine.Add(31 * time.Minute), "run", "find-a-school/deploy ended with success"},
			{nine.Add(36 * time.Minute), "opened", "Opened"},
			{nine.Add(37 * time.Minute), "acknowledged", "Acknowledged by Asha <Rao>"},
			{nine.Add(51 * time.Minute), "closed", "Closed"},
			{nine.Add(-51 * time.Minute), "run", "long before"},
		},
	}
}

func TestGolden(t *testing.T) {
	for name, chart := range charts() {
		t.Run(name, func(t *testing.T) {
			got := SVG(chart, options(true))
			wellFormed(t, got)
			path := filepath.Join("testdata", name+".svg")
			if *update {
				require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, string(want), got)
		})
	}
}

func wellFormed(t *testing.T, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err, text)
	}
}

func TestADrawingSpeaks(t *testing.T) {
	text := SVG(charts()["latency"], options(false))
	wellFormed(t, text)
	require.Contains(t, text, `role="img" aria-labelledby="p-title p-about"`)
	require.Contains(t, text, "<desc id=\"p-about\">home london: from 170 ms to 1.75 s, at the end ")
	require.Contains(t, text, "The threshold is 1 s.")
	require.Contains(t, text, "Acknowledged by Asha &lt;Rao&gt;")
	require.NotContains(t, text, "<style", "a page with a strict policy shows it")
	require.NotContains(t, text, "style=")
	require.NotContains(t, text, "long before")
	require.Contains(t, SVG(charts()["service"], options(false)), "find-a-school: down for 15 min of 1 h 6 min.")
}

func TestAGapIsAGap(t *testing.T) {
	nan := math.NaN()
	c := figures.Chart{Unit: figures.Seconds, Step: time.Minute, Series: []figures.Series{series(nil, time.Minute, 1, 1, nan, nan, nan, 1, nan, nan, nan, 1, 1)}}
	text := SVG(c, options(false))
	require.Len(t, regexp.MustCompile(`M\d`).FindAllString(text, -1), 2+1, "two strokes, and one in the legend")
	require.Equal(t, 1, strings.Count(text, "<circle"), "a point by itself")
}

func TestHostileNames(t *testing.T) {
	c := charts()["probes"]
	c.Title = `"><script>alert(1)</script>`
	for i := range c.Series {
		c.Series[i].Labels = map[string]string{"probe": `</text><script>alert(2)</script>`}
	}
	for _, alone := range []bool{true, false} {
		o := options(alone)
		o.ID = `x" onload="alert(3)`
		text := SVG(c, o)
		wellFormed(t, text)
		require.NotContains(t, text, "<script")
		require.NotContains(t, text, `" onload`)
	}
}

func TestNothingToDraw(t *testing.T) {
	for _, unit := range []figures.Unit{figures.State, figures.Count} {
		wellFormed(t, SVG(figures.Chart{Unit: unit, Series: []figures.Series{{}}}, Options{}))
	}
}

func TestManySeries(t *testing.T) {
	c := figures.Chart{Unit: figures.Seconds, Step: time.Minute, Omitted: 3}
	for i := range 10 {
		c.Series = append(c.Series, series(map[string]string{"probe": string(rune('a' + i))}, time.Minute, float64(i), float64(i)))
	}
	text := SVG(c, options(false))
	require.Contains(t, text, "and 7 less telling")
	require.Contains(t, text, ">j</text>")
	require.NotContains(t, text, ">d</text>")
}

func TestValue(t *testing.T) {
	for _, c := range []struct {
		v    float64
		unit figures.Unit
		want string
	}{
		{0, figures.State, "down"},
		{1, figures.State, "up"},
		{.1234, figures.Ratio, "12.3 %"},
		{1, figures.Ratio, "100 %"},
		{-.05, figures.Ratio, "-5 %"},
		{0, figures.Seconds, "0 s"},
		{.0123, figures.Seconds, "12.3 ms"},
		{1.234, figures.Seconds, "1.23 s"},
		{61.5, figures.Seconds, "61.5 s"},
		{600, figures.Seconds, "10 min"},
		{0, figures.Count, "0"},
		{1234, figures.Count, "1234"},
		{12345, figures.Count, "12.3k"},
		{2.5e6, figures.Count, "2.5M"},
		{3e9, figures.Count, "3G"},
	} {
		require.Equal(t, c.want, Value(c.v, c.unit))
	}
}

func TestNiceTicks(t *testing.T) {
	require.Equal(t, []float64{0, 0.5, 1, 1.5, 2}, niceTicks(0, 1.7))
	require.Equal(t, []float64{0, 0.25, 0.5, 0.75, 1}, niceTicks(0, 1))
	require.Equal(t, []float64{-0.5, 0, 0.5, 1}, niceTicks(-0.1, 1))
	require.NotEmpty(t, niceTicks(0, 0))
	require.NotEmpty(t, niceTicks(5, 5))
	for _, high := range []float64{1e-9, .003, 7, 1e12} {
		n := len(niceTicks(0, high))
		require.True(t, n >= 3 && n <= 7, "%g: %d", high, n)
	}
}

func TestTimeTicksAreRoundInTheZone(t *testing.T) {
	kolkata, err := time.LoadLocation("Asia/Kolkata")
	require.NoError(t, err)
	for _, span := range []time.Duration{5 * time.Minute, time.Hour, 70 * time.Minute, 5 * time.Hour, 26 * time.Hour, 9 * 24 * time.Hour, 60 * 24 * time.Hour} {
		ticks := timeTicks(nine, nine.Add(span), kolkata, 5)
		require.NotEmpty(t, ticks, "%s", span)
		require.LessOrEqual(t, len(ticks), 6, "%s", span)
	}
	ticks := timeTicks(nine, nine.Add(2*time.Hour), kolkata, 5)
	require.Equal(t, "02:30", timeLabel(ticks[0], kolkata, 2*time.Hour))
	require.Equal(t, "03:00", timeLabel(ticks[1], kolkata, 2*time.Hour))
}

func TestTicksFollowAClockThatIsChanged(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	from := time.Date(2026, 10, 24, 20, 0, 0, 0, london) // the clock goes back in this night
	var shown []string
	for _, at := range timeTicks(from, from.Add(40*time.Hour), london, 4) {
		shown = append(shown, at.Format("2 15:04 MST"))
	}
	require.Equal(t, []string{"25 00:00 BST", "25 12:00 GMT", "26 00:00 GMT"}, shown)
}
