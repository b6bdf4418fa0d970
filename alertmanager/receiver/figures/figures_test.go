package figures

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// prometheus answers queries by what they contain, and counts them.
func prometheus(t *testing.T, answers map[string]string) (*Reader, *atomic.Int64) {
	t.Helper()
	asked := &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		query := r.FormValue("query")
		for part, answer := range answers {
			if strings.Contains(query, part) {
				if strings.HasPrefix(answer, "{") {
					w.WriteHeader(http.StatusBadRequest)
				}
				_, _ = fmt.Fprint(w, envelope(answer))
				return
			}
		}
		_, _ = fmt.Fprint(w, envelope("[]"))
	}))
	t.Cleanup(server.Close)
	r, err := NewReader(server.URL, nil)
	require.NoError(t, err)
	return r, asked
}

func envelope(answer string) string {
	switch {
	case strings.HasPrefix(answer, "{"):
		return answer
	case strings.HasPrefix(answer, "vector"):
		return `{"status":"success","data":{"resultType":"vector","result":` + strings.TrimPrefix(answer, "vector") + `}}`
	}
	return `{"status":"success","data":{"resultType":"matrix","result":` + answer + `}}`
}

var shop = Subject{Service: "shop", Dependencies: []string{"payments", "a.b"}, Objective: Objective{0.999, 720 * time.Hour}}

func TestRead(t *testing.T) {
	r, _ := prometheus(t, map[string]string{
		"service_probe_location:tocsin_probe_up:min": `[{"metric":{"location":"london","probe":"home"},"values":[[1795694400,"1"],[1795694430,"0"],[1795694460,"NaN"]]}]`,
		`phase="total"`:      `[{"metric":{"probe":"home"},"values":[[1795694400,"0.123456789"]]}]`,
		`signal="latency"`:   `vector[{"metric":{},"value":[1795694400,"1.5"]}]`,
		"tocsin_usage_value": `{"status":"error","errorType":"bad_data","error":"no such\n function"}`,
		"tocsin_pipeline_last_run": fmt.Sprintf(`[{"metric":{"service":"shop","pipeline":"deploy","result":"success"},"values":[[1,"%d"],[2,"%d"],[3,"%d"]]}]`,
			noon.Add(-8*time.Hour).Unix(), noon.Add(-10*time.Minute).Unix(), noon.Add(-10*time.Minute).Unix()),
	})
	f, err := r.Read(t.Context(), shop, noon.Add(-time.Hour), noon)
	require.NoError(t, err)
	require.Equal(t, []Chart{
		{Name: "probes", Title: "Probes, by location", Unit: State, Lowest: true, Step: 30 * time.Second, Series: []Series{
			{Labels: map[string]string{"location": "london", "probe": "home"}, At: []int64{1795694400, 1795694430}, Value: []float64{1, 0}},
		}},
		{Name: "latency", Title: "Time of a probe's run", Unit: Seconds, Step: 30 * time.Second, Limit: new(1.5), Series: []Series{
			{Labels: map[string]string{"probe": "home"}, At: []int64{1795694400}, Value: []float64{0.123457}},
		}},
	}, f.Charts)
	require.Equal(t, "home london", f.Charts[0].Series[0].Name())
	require.Equal(t, []Missing{{"users", "asking Prometheus: bad_data: no such function"}}, f.Missing)
	require.Equal(t, []Run{{"shop", "deploy", "success", noon.Add(-10 * time.Minute)}}, f.Runs)

	text, err := f.Encode()
	require.NoError(t, err)
	again, err := Decode(text)
	require.NoError(t, err)
	require.Equal(t, f, again)
}

func TestQueriesNameTheSubject(t *testing.T) {
	odd := Subject{Service: `a"b`, Dependencies: []string{"x.y", "z"}, Objective: Objective{0.99, time.Hour}}
	require.Equal(t, `{service="a\"b"}[60s] {service=~"x\\.y|z"} {service=~"a\"b|x\\.y|z"} [30s] [3600s]`,
		odd.fill(`{service=$service}[$range] {service=~$dependencies} {service=~$around} [$step] [$window]`, 30*time.Second))
}

func TestPrometheusIsAway(t *testing.T) {
	r, err := NewReader("http://127.0.0.1:1", nil)
	require.NoError(t, err)
	_, err = r.Read(t.Context(), shop, noon.Add(-time.Hour), noon)
	require.ErrorContains(t, err, "asking Prometheus: ")
}

func TestOneChartIsTooLarge(t *testing.T) {
	r, _ := prometheus(t, map[string]string{
		"service_probe_location:tocsin_probe_up:min": `[{"metric":{"x":"` + strings.Repeat("x", mostAnswer) + `"},"values":[]}]`,
		`phase="total"`: `[{"metric":{"probe":"home"},"values":[[1795694400,"1"]]}]`,
	})
	f, err := r.Read(t.Context(), shop, noon.Add(-time.Hour), noon)
	require.NoError(t, err)
	require.Equal(t, "probes", f.Missing[0].Name)
	require.Contains(t, f.Missing[0].Why, "too large")
	require.Len(t, f.Charts, 1, "the others are kept")
}

func TestASlowPrometheus(t *testing.T) {
	late := `{"status":"error","errorType":"timeout","error":"query timed out"}`
	r, _ := prometheus(t, map[string]string{"avg_over_time(service:": late, `phase="total"`: `[{"metric":{"probe":"home"},"values":[[1795694400,"1"]]}]`})
	f, err := r.Read(t.Context(), shop, noon.Add(-time.Hour), noon)
	require.NoError(t, err)
	require.Equal(t, []Missing{{"budget", "asking Prometheus: timeout: query timed out"}}, f.Missing)
	require.Len(t, f.Charts, 1)

	r, asked := prometheus(t, map[string]string{"tocsin": late})
	_, err = r.Read(t.Context(), shop, noon.Add(-time.Hour), noon)
	require.ErrorContains(t, err, "asking Prometheus: timeout: query timed out")
	require.EqualValues(t, mostSlow+1, asked.Load(), "it goes on asking")
}

func TestWarningsAreKept(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `{"status":"success","warnings":["No StoreAPIs matched\n for this query"],"data":{"resultType":"matrix","result":[]}}`)
	}))
	t.Cleanup(server.Close)
	r, err := NewReader(server.URL, nil)
	require.NoError(t, err)
	f, err := r.Read(t.Context(), shop, noon.Add(-time.Hour), noon)
	require.NoError(t, err)
	require.Equal(t, []string{"No StoreAPIs matched for this query"}, f.Warnings)
}

func TestAThresholdWithoutANumber(t *testing.T) {
	for _, value := range []string{"NaN", "+Inf", "-Inf"} {
		r, _ := prometheus(t, map[string]string{`phase="total"`: `[{"metric":{"probe":"home"},"values":[[1795694400,"1"]]}]`, `signal="latency"`: `vector[{"metric":{},"value":[1795694400,"` + value + `"]}]`})
		f, err := r.Read(t.Context(), shop, noon.Add(-time.Hour), noon)
		require.NoError(t, err)
		require.Nil(t, f.Charts[0].Limit, value)
		_, err = f.Encode()
		require.NoError(t, err)
	}
}

func TestManySeriesLeaveTheWorst(t *testing.T) {
	var rows []string
	for i := range 100 {
		rows = append(rows, fmt.Sprintf(`{"metric":{"probe":"p%02d"},"values":[[1795694400,"%d"]]}`, i, i%50))
	}
	r, _ := prometheus(t, map[string]string{`phase="total"`: "[" + strings.Join(rows, ",") + "]"})
	f, err := r.Read(t.Context(), shop, noon.Add(-time.Hour), noon)
	require.NoError(t, err)
	c, _ := f.Chart("latency")
	require.Len(t, c.Series, MostSeries)
	require.Equal(t, 100-MostSeries, c.Omitted)
	require.Equal(t, "p38", c.Series[0].Name())
	require.Equal(t, "p99", c.Series[MostSeries-1].Name())
}

// series has a value for each step.
func series(from time.Time, step time.Duration, values ...float64) Series {
	s := Series{Labels: map[string]string{"probe": "home"}}
	for i, v := range values {
		if !math.IsNaN(v) {
			s.At, s.Value = append(s.At, from.Add(time.Duration(i)*step).Unix()), append(s.Value, v)
		}
	}
	return s
}

func of(read time.Time, charts ...Chart) Figures {
	return Figures{From: noon, Until: read, ReadAt: read, Charts: charts}
}

func TestMergeKeepsWhatPrometheusHasDropped(t *testing.T) {
	nan := math.NaN()
	old := of(noon.Add(4*time.Minute),
		Chart{Name: "latency", Step: time.Minute, Limit: new(2.0), Series: []Series{series(noon, time.Minute, 1, 2, 3, 4)}},
		Chart{Name: "memory", Step: time.Minute, Series: []Series{series(noon, time.Minute, 9)}})
	newer := of(noon.Add(9*time.Minute), Chart{Name: "latency", Step: time.Minute, Series: []Series{series(noon.Add(5*time.Second), time.Minute, nan, nan, 30, nan, nan, nan, 70)}})
	old.Runs, newer.Runs = []Run{{"shop", "deploy", "success", noon}}, []Run{{"shop", "deploy", "success", noon}, {"shop", "test", "failure", noon.Add(-time.Hour)}}
	merged := newer.Merge(old)
	require.Equal(t, []float64{1, 2, 30, 4, 70}, merged.Charts[0].Series[0].Value, "the newer one wins where both have a point")
	require.Equal(t, 2.0, *merged.Charts[0].Limit)
	require.Equal(t, "memory", merged.Charts[1].Name)
	require.Equal(t, []Run{{"shop", "test", "failure", noon.Add(-time.Hour)}, {"shop", "deploy", "success", noon}}, merged.Runs)
	require.Equal(t, newer, newer.Merge(Figures{Problem: &Problem{}}), "nothing was read before")
	require.Equal(t, []float64{1, 2, 3, 4}, old.Charts[0].Series[0].Value, "what was merged is not changed")
}

func TestMergeIsBounded(t *testing.T) {
	f := Figures{}
	for day := range 30 {
		values := make([]float64, 240)
		for i := range values {
			values[i] = 1
		}
		values[day] = 0
		from := noon.AddDate(0, 0, day)
		next := of(from.AddDate(0, 0, 1), Chart{Name: "service", Lowest: true, Step: 6 * time.Minute, Series: []Series{series(from, 6*time.Minute, values...)}})
		f = next.Merge(f)
	}
	s := f.Charts[0].Series[0]
	require.LessOrEqual(t, len(s.At), MostPoints)
	require.Equal(t, 0.0, s.Stats(noon, noon.AddDate(0, 0, 40)).Lowest, "what was bad stays")
	require.Greater(t, f.Charts[0].Step, time.Hour, "no gap where points were thinned out")
}

func TestEncodeFits(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var charts []Chart
	for i := range 10 {
		c := Chart{Name: fmt.Sprint(i), Step: time.Second}
		for range 24 {
			values := make([]float64, MostPoints)
			for k := range values {
				values[k] = random.Float64() * 1e9
			}
			c.Series = append(c.Series, series(noon, time.Second, values...))
		}
		charts = append(charts, c)
	}
	text, err := of(noon, charts...).Encode()
	require.NoError(t, err)
	require.LessOrEqual(t, len(text), MostBytes)
	f, err := Decode(text)
	require.NoError(t, err)
	require.Len(t, f.Charts[9].Series, 24)
	require.Greater(t, len(f.Charts[9].Series[0].At), 50)
	t.Logf("%d bytes", len(text))
}

func TestDecodeRefusesWhatIsNotOurs(t *testing.T) {
	for _, text := range []string{"", "x", "\x1f\x8b"} {
		_, err := Decode([]byte(text))
		require.ErrorContains(t, err, "reading figures: ")
	}
}

func TestDown(t *testing.T) {
	nan := math.NaN()
	s := series(noon, time.Minute, 1, 1, 0, 0, nan, nan, 0, 1)
	down, seen, first := s.Down(noon, noon.Add(10*time.Minute), time.Minute)
	require.Equal(t, 3*time.Minute, down)
	require.Equal(t, 5*time.Minute, seen, "nobody knows about the gap")
	require.Equal(t, noon.Add(time.Minute), first.UTC())
	down, seen, _ = s.Down(noon.Add(150*time.Second), noon.Add(200*time.Second), time.Minute)
	require.Equal(t, 30*time.Second, down)
	require.Equal(t, 30*time.Second, seen)
}

func TestStepFor(t *testing.T) {
	for span, want := range map[time.Duration]time.Duration{
		time.Minute: 30 * time.Second, time.Hour: 30 * time.Second, 3 * time.Hour: time.Minute, 24 * time.Hour: 10 * time.Minute, 30 * 24 * time.Hour: 6 * time.Hour,
		1000 * 24 * time.Hour: 100*time.Hour + time.Second,
	} {
		require.Equal(t, want, stepFor(span, readPoints), "%s", span)
	}
}
