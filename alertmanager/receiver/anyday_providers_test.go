package receiver_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// The providers' hosts.
const (
	pushHost   = "push.example.org"
	govukHost  = "notify.example.org"
	twilioHost = "api.twilio.com"
)

func numberOf(person int) string { return fmt.Sprintf("+44 7700 90010%d", person) }

var errCut = errors.New("the connection was cut")

// RoundTrip is every provider.
func (d *anyDay) RoundTrip(r *http.Request) (*http.Response, error) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	taken, status, failure := d.mood()
	answer := `{}`
	switch {
	case !taken:
	case r.Method == http.MethodGet:
		answer = d.asked(r.URL.Path)
	case r.URL.Host == pushHost:
		answer = `{"id":"taken"}`
		d.pushed(text)
	case r.URL.Host == govukHost:
		answer = d.govuk(r, text)
	case r.URL.Host == twilioHost:
		answer = d.twilio(r.URL.Path, text)
	default:
		d.fail("a message goes to %s", r.URL)
	}
	if failure != nil {
		return nil, failure
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
}

// mood decides whether a provider takes a message, and what it says.
func (d *anyDay) mood() (taken bool, status int, err error) {
	if d.calm {
		return true, http.StatusCreated, nil
	}
	switch d.random.IntN(16) {
	case 0:
		return false, http.StatusServiceUnavailable, nil
	case 1:
		return false, http.StatusBadRequest, nil
	case 2:
		return false, 0, errCut
	case 3: // it has it, and does not say so
		return true, 0, errCut
	case 4:
		return false, 0, context.DeadlineExceeded
	}
	return true, http.StatusCreated, nil
}

// fate is what becomes of a message that a provider took.
type fate struct {
	good  bool
	after time.Duration // is it known
	told  bool          // by the provider itself, perhaps twice
	asked bool          // it says so when it is asked
}

func (d *anyDay) fate() fate {
	const late = 5 * time.Minute // after our patience
	switch what := d.random.IntN(12); {
	case d.calm || what < 5:
		return fate{good: true, told: true, asked: true}
	case what < 8:
		return fate{told: true, asked: true}
	case what == 8:
		return fate{good: true, after: late, told: true, asked: true}
	case what == 9:
		return fate{after: late, told: true, asked: true}
	case what == 10:
		return fate{good: d.random.IntN(2) == 0, asked: true}
	}
	return fate{} // nobody ever knows
}

// status is what a provider says of a message when it is asked.
type status struct {
	before, after string
	from          time.Time // when after holds; zero for never
}

func (d *anyDay) remember(name string, f fate, before, after string) {
	s := status{before: before, after: after}
	if f.asked {
		s.from = d.now.Add(f.after)
	}
	d.statuses[name] = s
}

func (d *anyDay) asked(path string) string {
	name := strings.TrimSuffix(path[strings.LastIndex(path, "/")+1:], ".json")
	s, known := d.statuses[name]
	switch {
	case !known:
		d.fail("a provider is asked about %s, which it never had", path)
	case !s.from.IsZero() && !s.from.After(d.now):
		return s.after
	}
	return s.before
}

// say has a provider post something: late, twice, in any order.
func (d *anyDay) say(after time.Duration, post func()) {
	for range 1 + d.random.IntN(2) {
		d.in(after+d.upTo(time.Minute), 0, post)
	}
}

// pushed may be answered by a press on the button.
func (d *anyDay) pushed(text []byte) {
	var push struct{ Topic, Click string }
	if json.Unmarshal(text, &push) != nil {
		return
	}
	var id incident.ID
	if _, err := fmt.Sscanf(push.Click, "http://board.example.org/incidents/%d", &id); err != nil || d.random.IntN(8) != 0 {
		return
	}
	d.presses(push.Topic, id, "push")
}

// presses has a person take an incident on by a link or a button.
func (d *anyDay) presses(person string, id incident.ID, via string) {
	d.in(d.upTo(15*time.Minute), 0, func() {
		if !d.dead {
			d.note("%s takes %d on by %s", person, id, via)
			d.mayBeOver(d.receiver.Acknowledge(d.t.Context(), id, person, via))
		}
	})
}

// mayBeOver is for what somebody does who does not know that it is over.
func (d *anyDay) mayBeOver(err error) {
	if err != nil && !strings.Contains(err.Error(), "closed") && !strings.Contains(err.Error(), "over") {
		d.must(err)
	}
}

// callBack posts what a provider says. What finds nobody is lost.
func (d *anyDay) callBack(path, body string, header http.Header) {
	if d.dead {
		return
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header = header
	w := httptest.NewRecorder()
	d.answers.ServeHTTP(w, r)
	d.note("callback %s %s: %d", path, body, w.Code)
	if w.Code/100 != 2 && !d.dead {
		d.fail("the callback %s %s was answered with %d", path, body, w.Code)
	}
}
