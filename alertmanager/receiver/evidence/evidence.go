// Package evidence fetches what an exporter saw when a probe failed: the trace
// of its newest failure, and the picture that a browser took of it.
//
// The receiver calls [Source.Newest] when an incident opens because of a probe,
// and keeps what comes with the incident; the exporter forgets it at its next
// failure.
//
// Only the exporters of the catalogue (links.exporters) are asked: an alert may
// name a service and a probe, which become parts of a query, and never an
// address. What comes back is foreign: bounded, and a picture counts only when
// it decodes as the PNG that it claims to be.
package evidence

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// The bounds of what is fetched.
const (
	MostPicture = 1 << 20 // bytes of a picture
	mostResults = 1 << 20 // bytes of an exporter's answer
	mostText    = 4 << 10 // of one text of a trace
	mostListed  = 50      // steps, addresses
	mostPixels  = 16 << 20
	perRequest  = 5 * time.Second
)

// Trace is the newest failure of a probe as one exporter saw it. Durations are
// seconds.
type Trace struct {
	Service   string             `json:"service"`
	Probe     string             `json:"probe"`
	Location  string             `json:"location,omitempty"`
	Kind      string             `json:"kind,omitempty"`
	At        time.Time          `json:"at"`
	Reason    string             `json:"reason,omitempty"`
	Text      string             `json:"text,omitempty"`
	Step      string             `json:"step,omitempty"`
	Status    int                `json:"status,omitempty"`
	Address   string             `json:"address,omitempty"`
	Addresses []string           `json:"addresses,omitempty"`
	Duration  float64            `json:"duration_seconds"`
	Phases    map[string]float64 `json:"phases,omitempty"`
	Expected  string             `json:"expected,omitempty"`
	Found     string             `json:"found,omitempty"`
	Steps     []Step             `json:"steps,omitempty"`
	Output    string             `json:"output,omitempty"`
	Picture   bool               `json:"picture,omitempty"` // one was kept
}

// Step is how long one step of a journey or a visit took.
type Step struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

// Name tells the traces of an incident apart.
func (t Trace) Name() string {
	return strings.Join([]string{t.Service, t.Probe, t.Location, strconv.FormatInt(t.At.UnixMicro(), 10)}, "/")
}

// Found is a trace with its picture; nil for none.
type Found struct {
	Trace Trace
	PNG   []byte
}

// Source asks exporters.
type Source struct {
	HTTP      *http.Client // must not follow redirects
	Exporters []string     // base URLs
}

// Newest gives what the exporters know of the newest failures of some probes of
// a service, as far as they are not older than since; the newest come first.
// The error says what could not be fetched; what could is there none the less.
func (s Source) Newest(ctx context.Context, service string, probes []string, since time.Time) ([]Found, error) {
	var found []Found
	var problems []error
	for _, exporter := range s.Exporters {
		for _, probe := range probes {
			one, err := s.ask(ctx, strings.TrimSuffix(exporter, "/"), url.Values{"service": {service}, "probe": {probe}}, since)
			if err != nil {
				problems = append(problems, err)
				if ctx.Err() != nil || isAway(err) {
					break // the next probe of this exporter would wait as long
				}
				continue
			}
			if one != nil {
				one.Trace.Service, one.Trace.Probe = service, probe
				found = append(found, *one)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b Found) int {
		return cmp.Or(b.Trace.At.Compare(a.Trace.At), cmp.Compare(a.Trace.Name(), b.Trace.Name()))
	})
	return found, errors.Join(problems...)
}

// away says that an exporter did not answer.
type away struct{ error }

func isAway(err error) bool {
	_, ok := errors.AsType[away](err)
	return ok
}

// errUnknown says that a probe does not run where it was asked for.
var errUnknown = errors.New("it does not run there")

// ask gives nil where the exporter has nothing new.
func (s Source) ask(ctx context.Context, exporter string, which url.Values, since time.Time) (*Found, error) {
	body, err := s.get(ctx, exporter+"/results?"+which.Encode()+"&format=json", "application/json", mostResults)
	if errors.Is(err, errUnknown) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("asking %s for results: %w", exporter, err)
	}
	var answer struct {
		Kind     string `json:"kind"`
		Location string `json:"location"`
		Failure  *struct {
			Trace
			Screenshot string `json:"screenshot"` // says that there is one; its address is ours to make
		} `json:"newest_failure"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("reading the results of %s: %w", exporter, err)
	}
	if answer.Failure == nil || answer.Failure.At.Before(since) {
		return nil, nil
	}
	one := &Found{Trace: answer.Failure.Trace.bounded()}
	one.Trace.Kind, one.Trace.Location = printable(answer.Kind), printable(answer.Location)
	if answer.Failure.Screenshot == "" {
		return one, nil
	}
	which = url.Values{"service": which["service"], "probe": which["probe"], "at": {strconv.FormatInt(one.Trace.At.UnixMicro(), 10)}}
	picture, err := s.get(ctx, exporter+"/screenshot?"+which.Encode(), "image/png", MostPicture)
	if err == nil {
		err = CheckPNG(picture)
	}
	if err == nil {
		one.PNG, one.Trace.Picture = picture, true
	}
	return one, nil // the trace is worth keeping without its picture
}

// get gives the body of a good answer of the right type, when it is not too
// long.
func (s Source) get(ctx context.Context, address, kind string, most int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, perRequest)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := s.HTTP.Do(r)
	if err != nil {
		return nil, away{err}
	}
	defer func() { _ = response.Body.Close() }()
	switch got := response.Header.Get("Content-Type"); {
	case response.StatusCode == http.StatusNotFound:
		return nil, errUnknown
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("got status %d", response.StatusCode)
	case got != kind && !strings.HasPrefix(got, kind+";"):
		return nil, fmt.Errorf("got %q, want %s", got, kind)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, most+1))
	if err != nil {
		return nil, away{err}
	}
	if int64(len(body)) > most {
		return nil, fmt.Errorf("got more than %d bytes", most)
	}
	return body, nil
}

// CheckPNG says what is wrong with a picture: it decodes, and is not so large
// that a browser, or we, would choke on it.
func CheckPNG(picture []byte) error {
	if len(picture) > MostPicture {
		return fmt.Errorf("the picture has more than %d bytes", MostPicture)
	}
	size, err := png.DecodeConfig(bytes.NewReader(picture))
	if err != nil {
		return fmt.Errorf("decoding the picture: %w", err)
	}
	if size.Width*size.Height > mostPixels {
		return fmt.Errorf("the picture has %d × %d pixels, more than %d", size.Width, size.Height, mostPixels)
	}
	if _, err := png.Decode(bytes.NewReader(picture)); err != nil {
		return fmt.Errorf("decoding the picture: %w", err)
	}
	return nil
}

// Size is a checked picture's width and height.
func Size(picture []byte) image.Point {
	size, err := png.DecodeConfig(bytes.NewReader(picture))
	if err != nil {
		return image.Point{}
	}
	return image.Pt(size.Width, size.Height)
}

// bounded is a trace whose texts are printable and not too long.
func (t Trace) bounded() Trace {
	t.At = t.At.UTC()
	for _, text := range []*string{&t.Reason, &t.Text, &t.Step, &t.Address, &t.Expected, &t.Found, &t.Output} {
		*text = printable(*text)
	}
	t.Addresses, t.Steps = t.Addresses[:min(len(t.Addresses), mostListed)], t.Steps[:min(len(t.Steps), mostListed)]
	for i := range t.Addresses {
		t.Addresses[i] = printable(t.Addresses[i])
	}
	for i := range t.Steps {
		t.Steps[i].Name = printable(t.Steps[i].Name)
	}
	if len(t.Phases) > mostListed {
		t.Phases = nil
	}
	return t
}

// printable replaces what does not print, and cuts off what is too long.
func printable(text string) string {
	if len(text) > mostText {
		text = strings.ToValidUTF8(text[:mostText], "") + "…"
	}
	return strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
}
