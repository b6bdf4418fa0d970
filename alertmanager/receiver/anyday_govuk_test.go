package receiver_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

const (
	govukTemplate = "740e5834-3a29-46b4-9a6f-16142fde533a"
	govukSecret   = "3d844edf-8d35-48ac-975b-e847b4f122b0"
	govukKey      = "any-day-26785a09-ab16-4eb0-8407-a37497a57506-" + govukSecret
)

// govuk takes a text message or a mail that is signed, and tells what becomes
// of it.
func (d *anyDay) govuk(r *http.Request, text []byte) string {
	var body struct {
		Reference string
		Phone     string `json:"phone_number"`
		Email     string `json:"email_address"`
	}
	if err := json.Unmarshal(text, &body); err != nil || !govukSigned(r) {
		d.fail("GOV.UK Notify was sent what it cannot take: %v", err)
	}
	d.sid++
	name := fmt.Sprintf("%08x-3a29-46b4-9a6f-16142fde533a", d.sid)
	f := d.fate()
	end := "delivered"
	if !f.good {
		end = []string{"permanent-failure", "temporary-failure", "technical-failure"}[d.random.IntN(3)]
	}
	d.remember(name, f, `{"status":"sending"}`, fmt.Sprintf(`{"status":%q}`, end))
	status := func(is string) func() {
		return func() {
			d.govukSays("status", map[string]string{"id": name, "reference": body.Reference, "to": body.Phone + body.Email, "status": is})
		}
	}
	if d.random.IntN(4) == 0 {
		d.say(0, status("sending")) // perhaps after its end
	}
	if f.told {
		d.say(f.after, status(end))
	}
	if d.random.IntN(8) == 0 {
		d.answersNotify(name, body.Reference, body.Phone)
	}
	return fmt.Sprintf(`{"id":%q}`, name)
}

// answersNotify has the person take it on, by a reply to a text or the link in
// a mail.
func (d *anyDay) answersNotify(name, reference, phone string) {
	about, known := notify.ParseMessageID(reference)
	switch {
	case !known: // of no incident
	case phone == "":
		d.presses(about.Recipient, about.Incident, about.Way)
	default:
		d.say(time.Minute, func() {
			d.govukSays("text", map[string]string{"id": "answer to " + name, "source_number": strings.TrimPrefix(phone, "+"), "message": fmt.Sprint("Ack ", about.Incident)})
		})
	}
}

// govukSays posts as GOV.UK Notify does, with the token that was chosen for it.
func (d *anyDay) govukSays(what string, body map[string]string) {
	d.callBack("/callback/govuk_notify/"+what, text(body), http.Header{
		"Content-Type": {"application/json"}, "Authorization": {"Bearer " + signingKey},
	})
}

func govukSigned(r *http.Request) bool {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	end := max(strings.LastIndexByte(token, '.'), 0)
	sum := hmac.New(sha256.New, []byte(govukSecret))
	sum.Write([]byte(token[:end]))
	return strings.TrimPrefix(token[end:], ".") == base64.RawURLEncoding.EncodeToString(sum.Sum(nil))
}
