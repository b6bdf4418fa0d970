package lab

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// perService is how many probes of a catalogue share a service.
const perService = 10

// Group is a number of like probes.
type Group struct {
	Name  string // of its services
	Count int
	// Probe is the probe's own part in the catalogue; %d is its number.
	Probe string
}

// Catalogue is one for a lab's exporter.
type Catalogue struct {
	Interval, Timeout time.Duration
	Confirm           int
	Groups            []Group
}

func (c Catalogue) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "monitoring: {team: crew}\nteams: {crew: {channels: {github: {repository: example/crew}}}}\ndefaults: {probe: {interval: %s, timeout: %s, confirm: %d}}\nservices:\n", c.Interval, c.Timeout, c.Confirm)
	for _, g := range c.Groups {
		for i := range g.Count {
			if i%perService == 0 {
				fmt.Fprintf(&b, "  %s-%d:\n    team: crew\n    probes:\n", g.Name, i/perService)
			}
			fmt.Fprintf(&b, "      p%d: {%s}\n", i%perService, strings.ReplaceAll(g.Probe, "%d", strconv.Itoa(i)))
		}
	}
	return b.String()
}

// HTTP are n probes of the target's 2 KB page.
func (l *Lab) HTTP(n int) Group {
	return Group{"plain", n, "http: {url: \"http://" + l.Target.HTTP + "/%d\"}"}
}

// HTTPS are n probes of the same page by HTTPS.
func (l *Lab) HTTPS(n int) Group {
	return Group{"secure", n, "http: {url: \"https://" + l.Target.HTTPS + "/%d\", ca_file: " + l.Target.Authority + "}"}
}

// HTTPS1 are n probes like those of HTTPS that take no HTTP/2.
func (l *Lab) HTTPS1(n int) Group {
	return Group{"secure", n, "http: {url: \"https://" + l.Target.HTTPS + "/%d\", version: 1.1, ca_file: " + l.Target.Authority + "}"}
}

// Hanging are n probes of ports that never answer, one port for each group.
func (l *Lab) Hanging(n int) []Group {
	var groups []Group
	for i, port := range l.Target.Hang {
		count := (n + len(l.Target.Hang) - 1 - i) / len(l.Target.Hang)
		groups = append(groups, Group{"hanging-" + strconv.Itoa(i), count, "http: {url: \"http://" + port + "/%d\"}"})
	}
	return groups
}

// Exporter is a real exporter under way.
type Exporter struct {
	*Process
	URL string
}

// Exporter starts one and returns when it probes.
func (l *Lab) Exporter(ctx context.Context, c Catalogue, flags ...string) (*Exporter, error) {
	dir, err := os.MkdirTemp(l.Dir, "exporter-")
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "tocsin.yml")
	if err := os.WriteFile(path, []byte(c.text()), 0o600); err != nil {
		return nil, err
	}
	args := append([]string{"--config.file=" + path, "--storage.path=", "--web.listen-address=127.0.0.1:0", "--log.level=debug"}, flags...)
	p, err := l.run(ctx, "tocsin_exporter", filepath.Join(dir, "log"), args...)
	if err != nil {
		return nil, err
	}
	probing := regexp.MustCompile(`is probing.* address=(\S+)`)
	for range 600 {
		text, err := os.ReadFile(p.log.Name())
		if err != nil {
			return nil, err
		}
		if found := probing.FindSubmatch(text); found != nil {
			return &Exporter{p, "http://" + string(found[1])}, nil
		}
		if err := l.Wait(ctx, 100*time.Millisecond); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("the exporter does not begin; its log is %s", p.log.Name())
}

// Page is the exporter's /metrics in the classic text format.
func (e *Exporter) Page(ctx context.Context) (Page, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.URL+"/metrics", nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Accept", "text/plain;version=0.0.4")
	req.Header.Set("Accept-Encoding", "identity")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return Page(text), err
}

// Page is the text of /metrics.
type Page string

// Sum adds up the series of a family that have all these words in their labels.
func (p Page) Sum(family string, words ...string) float64 {
	sum := 0.0
lines:
	for line := range strings.Lines(string(p)) {
		rest, ok := strings.CutPrefix(line, family)
		if !ok || (rest[0] != '{' && rest[0] != ' ') {
			continue
		}
		for _, word := range words {
			if !strings.Contains(rest, word) {
				continue lines
			}
		}
		value, err := strconv.ParseFloat(strings.TrimSpace(rest[strings.LastIndexByte(rest, ' ')+1:]), 64)
		if err == nil {
			sum += value
		}
	}
	return sum
}

// Series is the number of series on the page.
func (p Page) Series() int {
	return strings.Count("\n"+string(p), "\n") - strings.Count("\n"+string(p), "\n#") - 1
}

// Runs is the number of runs that ended with an outcome.
func (p Page) Runs(outcome string) float64 {
	return p.Sum("tocsin_probe_runs_total", `outcome="`+outcome+`"`)
}

// Within is the share of the runs between two pages that started at most so
// many seconds after they were due. The bound is one of the histogram's.
func Within(before, after Page, bound string) float64 {
	in := func(p Page) float64 { return p.Sum("tocsin_probe_lag_seconds_bucket", `le="`+bound+`"`) }
	all := func(p Page) float64 { return p.Sum("tocsin_probe_lag_seconds_count") }
	return (in(after) - in(before)) / (all(after) - all(before))
}

// Deviation is the q quantile of how late runs between two pages started: the
// upper bound of its bucket, in seconds.
func Deviation(before, after Page, q float64) float64 {
	best := math.Inf(1)
	for _, found := range regexp.MustCompile(`(?m)^tocsin_probe_lag_seconds_bucket\{le="([^"]+)"\}`).FindAllStringSubmatch(string(after), -1) {
		bound, err := strconv.ParseFloat(found[1], 64)
		if err == nil && Within(before, after, found[1]) >= q {
			best = min(best, bound)
		}
	}
	return best
}

// OfProbes is the number of series that bear a location: a probe's own.
func (p Page) OfProbes() int { return strings.Count(string(p), `{location="`) }
