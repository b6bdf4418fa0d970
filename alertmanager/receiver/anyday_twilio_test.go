package receiver_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

// signingKey is what Twilio signs with, and the token of GOV.UK Notify.
const signingKey = "0123456789abcdef"

// twilio takes a text message or a call, and tells what becomes of it.
func (d *anyDay) twilio(path string, text []byte) string {
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return "{}"
	}
	d.sid++
	name := fmt.Sprintf("SM%032x", d.sid)
	call := strings.HasSuffix(path, "/Calls.json")
	callback, _ := url.Parse(form.Get("StatusCallback"))
	good, bad := []string{"MessageStatus", "delivered"}, []string{"MessageStatus", "undelivered", "ErrorCode", "30003"}
	fine, lost := `{"status":"delivered"}`, `{"status":"undelivered","error_code":30003}`
	if call {
		good, bad = []string{"AnsweredBy", "human"}, []string{"CallStatus", "no-answer"}
		fine, lost = `{"status":"completed","answered_by":"human"}`, `{"status":"no-answer"}`
	}
	f := d.fate()
	if !f.good {
		good, fine = bad, lost
	}
	d.remember(name, f, `{"status":"queued"}`, fine)
	if f.told && f.good && call { // they hang up in the end
		d.say(f.after+90*time.Second, func() { d.twilioSays(callback.Path, "CallStatus", "completed", "AnsweredBy", "human") })
	}
	if f.told {
		d.say(f.after, func() { d.twilioSays(callback.Path, good...) })
	}
	if d.random.IntN(8) == 0 {
		d.answer(call, name, callback.Path[strings.LastIndex(callback.Path, "/")+1:], form.Get("To"))
	}
	return fmt.Sprintf(`{"sid":%q}`, name)
}

// answer has the person take it on, by a digit or a reply.
func (d *anyDay) answer(call bool, name, id, number string) {
	path, fields := "/callback/twilio/digits/"+id, []string{"CallSid", name, "Digits", notify.AcknowledgeDigit}
	if about, _ := notify.ParseMessageID(id); !call {
		path, fields = "/callback/twilio/sms", []string{"MessageSid", "answer to " + name, "From", number, "Body", fmt.Sprint("ack ", about.Incident)}
	}
	d.say(time.Minute, func() { d.twilioSays(path, fields...) })
}

// twilioSays posts a form as Twilio signs it.
func (d *anyDay) twilioSays(path string, fields ...string) {
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
	d.callBack(path, form.Encode(), http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "X-Twilio-Signature": {base64.StdEncoding.EncodeToString(sum.Sum(nil))},
	})
}
