package receiver_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

// signingKey is what Twilio signs with.
const signingKey = "0123456789abcdef"

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
	if taken && r.URL.Host == "push.example.org" {
		answer = `{"id":"taken"}`
		d.pushed(text)
	} else if taken {
		answer = d.twilio(r.URL.Path, text)
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
	d.in(d.upTo(15*time.Minute), 0, func() {
		if !d.dead {
			d.note("%s presses the button of %d", push.Topic, id)
			d.mayBeOver(d.receiver.Acknowledge(d.t.Context(), id, push.Topic, "push"))
		}
	})
}

// mayBeOver is for what somebody does who does not know that it is over.
func (d *anyDay) mayBeOver(err error) {
	if err != nil && !strings.Contains(err.Error(), "closed") && !strings.Contains(err.Error(), "over") {
		d.must(err)
	}
}

// twilio takes a text message or a call, and tells what becomes of it: late,
// twice, in any order, or not at all.
func (d *anyDay) twilio(path string, text []byte) string {
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return "{}"
	}
	d.sid++
	call := strings.HasSuffix(path, "/Calls.json")
	status, _ := url.Parse(form.Get("StatusCallback"))
	id := status.Path[strings.LastIndex(status.Path, "/")+1:]
	say := func(after time.Duration, path string, fields ...string) {
		for range 1 + d.random.IntN(2) {
			d.in(after+d.upTo(time.Minute), 0, func() { d.callBack(path, fields...) })
		}
	}
	good, bad := []string{"MessageStatus", "delivered"}, []string{"MessageStatus", "undelivered", "ErrorCode", "30003"}
	if call {
		good, bad = []string{"AnsweredBy", "human"}, []string{"CallStatus", "no-answer"}
	}
	switch what := d.random.IntN(10); {
	case d.calm || what < 5:
		say(0, status.Path, good...)
	case what < 8:
		say(0, status.Path, bad...)
	case what == 8:
		say(5*time.Minute, status.Path, good...) // after the patience
	}
	if d.random.IntN(8) == 0 {
		d.answer(call, id, form.Get("To"), say)
	}
	return fmt.Sprintf(`{"sid":"SM%032x"}`, d.sid)
}

// answer has the person take it on, by a digit or a reply.
func (d *anyDay) answer(call bool, id, number string, say func(time.Duration, string, ...string)) {
	if call {
		say(time.Minute, "/callback/twilio/digits/"+id, "Digits", notify.AcknowledgeDigit)
		return
	}
	about, _ := notify.ParseMessageID(id)
	say(time.Minute, "/callback/twilio/sms", "From", number, "Body", fmt.Sprint("ack ", about.Incident))
}

// callBack posts a form as Twilio signs it. What finds nobody is lost.
func (d *anyDay) callBack(path string, fields ...string) {
	if d.dead {
		return
	}
	form := url.Values{"AccountSid": {"AC0123456789abcdef0123456789abcdef"}}
	for n := 0; n < len(fields); n += 2 {
		form.Set(fields[n], fields[n+1])
	}
	signed := "http://board.example.org" + path
	for _, name := range slices.Sorted(maps.Keys(form)) {
		signed += name + form.Get(name)
	}
	sum := hmac.New(sha1.New, []byte(signingKey))
	sum.Write([]byte(signed))
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Twilio-Signature", base64.StdEncoding.EncodeToString(sum.Sum(nil)))
	w := httptest.NewRecorder()
	d.answers.ServeHTTP(w, r)
	d.note("callback %s %v: %d", path, fields, w.Code)
	if w.Code/100 != 2 && !d.dead {
		d.fail("the callback %s %v was answered with %d", path, fields, w.Code)
	}
}
