package collector

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/collector/probe"
)

// written is the page as Write writes it, held against client_golang's encoder
// byte for byte in both text formats.
func written(t testing.TB, s Scrape) string {
	t.Helper()
	families, err := s.Gather()
	require.NoError(t, err)
	page := ""
	for _, openMetrics := range []bool{true, false} {
		format := expfmt.NewFormat(expfmt.TypeTextPlain)
		if openMetrics {
			format = expfmt.NewFormat(expfmt.TypeOpenMetrics)
		}
		var want, got bytes.Buffer
		encoder := expfmt.NewEncoder(&want, format)
		for _, f := range families {
			require.NoError(t, encoder.Encode(f))
		}
		if closer, ok := encoder.(expfmt.Closer); ok {
			require.NoError(t, closer.Close())
		}
		require.NoError(t, s.Write(&got, openMetrics))
		require.Equal(t, want.String(), got.String())
		page = got.String()
	}
	return page
}

// hostile are names that no catalogue of today lets through, and that discovery
// may one day find.
func hostile() []string {
	return []string{
		"plain", "a\"b\\c", "two\nlines", "\x00\x01\x7f", "tür", "\xff\xfe", "}} 1\n# TYPE x counter", strings.Repeat("x", 5_000), "",
	}
}

func TestHostileNamesAndValuesAreWrittenAsTheEncoderDoes(t *testing.T) {
	c := parse(t, oneProbe)
	pattern := c.Services["shop"].Probes["home"]
	for _, name := range hostile() {
		s := &catalog.Service{Name: name, Team: name, URL: name, Runbook: name, DependsOn: []string{name}, Alerts: map[string]catalog.AlertSetting{name: "off"}, Probes: map[string]*catalog.Probe{}}
		for _, id := range hostile() {
			p := *pattern
			p.Service, p.Name, p.Journey = name, id, []catalog.JourneyStep{{Name: id}, {Name: id + "2"}}
			s.Probes[id] = &p
		}
		c.Services[name] = s
	}
	w := newWorld()
	h := New(Options{Location: "here", Build: w.build})
	require.NoError(t, h.Update(c))
	h.options.Location = ""
	for i, target := range h.order {
		odd := time.Duration(i) * 1_234_567 * time.Nanosecond
		target.at = hostile()[i%len(hostile())]
		target.record(run{state: State(i % 3), attempts: []Attempt{{At: time.Unix(int64(i)*1e7, 123456), Result: probe.Result{
			Outcome: probe.Outcome(i % 3), Reason: probe.Reason(i % 10), Duration: odd, Phases: probe.Phases{odd, 1, 0, time.Hour * 1e5}, CertificateExpiry: time.Unix(int64(i)*1e9, 0),
		}}}})
	}
	page := written(t, Scrape{Harness: h, Others: prometheus.NewRegistry()})
	require.Greater(t, strings.Count(page, "\n"), 500)
}

func TestValuesAreWrittenAsTheEncoderDoes(t *testing.T) {
	values := []float64{0, math.Copysign(0, -1), 1, -1, 0.1, 1e-9, 123456, 999999, -999999, 1e6, 1234567, 1e20, 1e21, 1e22, math.MaxFloat64, math.SmallestNonzeroFloat64, math.Pi, 1 << 53, 1.7e9, 1764136587.123, math.NaN(), math.Inf(1), math.Inf(-1)}
	for _, kind := range []dto.MetricType{dto.MetricType_COUNTER, dto.MetricType_GAUGE} {
		for _, openMetrics := range []bool{false, true} {
			var got, want bytes.Buffer
			text, collected := &page{out: &got, openMetrics: openMetrics}, new(page)
			for _, p := range []*page{text, collected} {
				p.begin("some_total", "Some.", kind)
				for _, v := range values {
					p.sample(v)
					p.sample(v, label{"a", "b"})
				}
			}
			text.flush()
			encode := func(f *dto.MetricFamily) (int, error) { return expfmt.MetricFamilyToText(&want, f) }
			if openMetrics {
				encode = func(f *dto.MetricFamily) (int, error) { return expfmt.MetricFamilyToOpenMetrics(&want, f) }
			}
			_, err := encode(collected.families[0])
			require.NoError(t, err)
			require.Equal(t, want.String(), got.String())
		}
	}
}

// failing is a collector that fails besides what it has.
type failing struct{ prometheus.Gatherer }

func (f failing) Gather() ([]*dto.MetricFamily, error) {
	families, _ := f.Gatherer.Gather()
	return families, errors.New("a source fails")
}

func TestAFailingPartLeavesTheOthers(t *testing.T) {
	registry := prometheus.NewRegistry()
	h := New(Options{Location: "here", Registerer: registry, Build: newWorld().build})
	require.NoError(t, h.Update(parse(t, oneProbe)))
	var b bytes.Buffer
	require.EqualError(t, Scrape{Harness: h, Others: failing{registry}}.Write(&b, false), "a source fails")
	require.Contains(t, b.String(), "tocsin_exporter_probes")
	require.Contains(t, b.String(), "tocsin_probe_runs_total")
}

// stalled is a reader that takes a little and then nothing more.
type stalled struct {
	taken   int
	waiting chan<- struct{}
	goOn    <-chan struct{}
}

func (s *stalled) Write(b []byte) (int, error) {
	if s.taken += len(b); s.taken == len(b) {
		s.waiting <- struct{}{}
		<-s.goOn
		return 0, io.ErrClosedPipe
	}
	return 0, errors.New("written to after an error")
}

func TestAStalledScraperHoldsNothingUp(t *testing.T) {
	var services strings.Builder
	for i := range 2000 {
		services.WriteString(strings.Replace(oneProbe, "shop:", fmt.Sprintf("shop-%d:", i), 1))
	}
	h := New(Options{Location: "here", Build: newWorld().build})
	require.NoError(t, h.Update(parse(t, services.String())))
	waiting, goOn, ended := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		ended <- Scrape{Harness: h, Others: prometheus.NewRegistry()}.Write(&stalled{waiting: waiting, goOn: goOn}, false)
	}()
	<-waiting
	for _, target := range h.order {
		target.record(run{state: Up, attempts: []Attempt{{At: time.Now()}}})
	}
	require.NoError(t, h.Update(parse(t, services.String())), "nor a reload")
	require.NotEmpty(t, written(t, Scrape{Harness: h, Others: prometheus.NewRegistry()}), "nor another scrape")
	close(goOn)
	require.ErrorIs(t, <-ended, io.ErrClosedPipe)
}
