package receiver

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// tokenLife is for how long a link in a message acknowledges.
const tokenLife = 48 * time.Hour

// errToken is the answer to every token that we did not make, so that it tells
// nothing.
var errToken = errors.New("the link is not valid: acknowledge on the board")

// expired is the answer to a token that is too old.
func expired(id incident.ID) error {
	return board.StaleLink{Incident: id, Why: fmt.Sprintf(
		"It was good for %d hours. Acknowledge on the incident's page, by the link in a newer message, or by replying ACK %d to a text message.", int(tokenLife.Hours()), id,
	)}
}

// departed is the answer to a token of somebody who is gone.
func departed(id incident.ID) error {
	return board.StaleLink{Incident: id, Why: "It was made for somebody who is not in the catalogue any more. Whoever is on call has a link of their own, or acknowledges on the incident's page."}
}

// signer makes and checks the tokens by which one person may acknowledge one
// incident. The key stays in the store: nobody configures it.
type signer struct{ key []byte }

func (s signer) sign(id incident.ID, person string, expires time.Time) string {
	text := fmt.Sprintf("%d %d %s", id, expires.Unix(), person)
	return base64.RawURLEncoding.EncodeToString([]byte(text)) + "." + base64.RawURLEncoding.EncodeToString(s.sum(text))
}

func (s signer) check(token string, now time.Time) (incident.ID, string, error) {
	payload, signature, _ := strings.Cut(token, ".")
	text, errText := base64.RawURLEncoding.DecodeString(payload)
	sum, errSum := base64.RawURLEncoding.DecodeString(signature)
	if errText != nil || errSum != nil || !hmac.Equal(sum, s.sum(string(text))) {
		return 0, "", errToken
	}
	fields := strings.SplitN(string(text), " ", 3)
	if len(fields) != 3 {
		return 0, "", errToken
	}
	id, errID := strconv.ParseInt(fields[0], 10, 64)
	until, errExpires := strconv.ParseInt(fields[1], 10, 64)
	switch {
	case errID != nil || errExpires != nil:
		return 0, "", errToken
	case now.Unix() > until:
		return 0, "", expired(incident.ID(id))
	}
	return incident.ID(id), fields[2], nil
}

// sum says what the key is for, so that a signature is good for nothing else.
func (s signer) sum(text string) []byte {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte("acknowledge\x00" + text))
	return mac.Sum(nil)
}

// feedSum is that of an address of a calendar, in one of its editions.
func (s signer) feedSum(text string, edition int64) []byte {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte("calendar\x00" + text))
	if edition > 0 { // the first one is older than the counting
		mac.Write([]byte("\x00" + strconv.FormatInt(edition, 10)))
	}
	return mac.Sum(nil)
}

// CheckToken tells for whom and for which incident a link was made.
func (r *Receiver) CheckToken(token string) (incident.ID, string, error) {
	id, person, err := r.signer.check(token, r.now())
	if err == nil && r.current.Load().catalog.People[person] == nil {
		err = departed(id)
	}
	return id, person, err
}
