package notify_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

const (
	govukIssuer = "26785a09-ab16-4eb0-8407-a37497a57506"
	govukSecret = "3d844edf-8d35-48ac-975b-e847b4f122b0"
	govukID     = "740e5834-3a29-46b4-9a6f-16142fde533a"
)

// govukServer is GOV.UK Notify as far as we use it.
type govukServer struct {
	*fake
	url, way, key, status, problem string
}

func newGovukServer(t *testing.T, way string) *govukServer {
	t.Helper()
	p := &govukServer{way: way, key: filepath.Join(t.TempDir(), "key"), problem: "RateLimitError"}
	require.NoError(t, os.WriteFile(p.key, []byte("a-key-with-dashes-"+govukIssuer+"-"+govukSecret+"\n"), 0o600))
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v2/notifications/"+way, p.take)
	mux.HandleFunc("GET /v2/notifications/"+govukID, func(w http.ResponseWriter, r *http.Request) {
		if p.signed(r) {
			_, _ = fmt.Fprintf(w, `{"status":%q}`, p.status)
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	p.fake, p.url = newFake(t), server.URL
	return p
}

func (p *govukServer) catalogue() string {
	return fmt.Sprintf("govuk_notify: {api_key_file: %q, callback_token_file: secret, url: %q, %s_template: %s}", p.key, p.url, p.way, govukID)
}

func (p *govukServer) code(meaning string) int {
	return map[string]int{"success": 201, "temporary": 429, "permanent": 400}[meaning]
}

// signed checks a token as the service does.
func (p *govukServer) signed(r *http.Request) bool {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	text, signature, _ := cutLast(token)
	sum := hmac.New(sha256.New, []byte(govukSecret))
	sum.Write([]byte(text))
	_, payload, _ := strings.Cut(text, ".")
	claims, err := base64.RawURLEncoding.DecodeString(payload)
	var said struct {
		Issuer string `json:"iss"`
		At     int64  `json:"iat"`
	}
	return err == nil && json.Unmarshal(claims, &said) == nil && said.Issuer == govukIssuer &&
		time.Since(time.Unix(said.At, 0)).Abs() < 30*time.Second && signature == base64.RawURLEncoding.EncodeToString(sum.Sum(nil))
}

func cutLast(token string) (before, after string, found bool) {
	n := strings.LastIndexByte(token, '.')
	if n < 0 {
		return token, "", false
	}
	return token[:n], token[n+1:], true
}

func (p *govukServer) take(w http.ResponseWriter, r *http.Request) {
	code := p.replies()
	if p.misbehaves(w, r, http.StatusCreated) {
		return
	}
	var body struct {
		Template  string `json:"template_id"`
		Phone     string `json:"phone_number"`
		Email     string `json:"email_address"`
		Reference string
		Texts     map[string]string `json:"personalisation"`
	}
	err := json.NewDecoder(r.Body).Decode(&body)
	known := body.Phone == dialled || body.Email == mailbox
	if !p.signed(r) || err != nil || body.Template != govukID || body.Reference != "7.1.asha."+p.way || !known {
		code = http.StatusForbidden
	}
	p.keep(body.Texts["subject"]+"\n\n"+body.Texts["message"], "")
	w.WriteHeader(code)
	_, _ = fmt.Fprintf(w, `{"id":%q,"errors":[{"error":%q,"message":"%s %s"}]}`, govukID, p.problem, dialled, mailbox)
}

func (p *govukServer) says() []string {
	if p.way == "sms" {
		return []string{"CRITICAL: shop is down.", "Users cannot use shop.", "Reply ACK 7.", "https://board.example.org/incidents/7", "(7.1)"}
	}
	return everything
}

func TestGovukNotify(t *testing.T) {
	p := newGovukServer(t, "sms")
	p.answer(201)
	opened := channels(t, p)
	receipt, err := opened[incident.WaySMS].Send(t.Context(), message(kind(t, incident.WaySMS)))
	require.NoError(t, err)
	require.Equal(t, "govuk_notify:"+govukID, receipt.Thread)
	follower, thread, _ := opened.Follower(incident.WaySMS, receipt.Thread)
	for status, want := range map[string]incident.DeliveryState{
		"created": incident.DeliverySent, "sending": incident.DeliverySent, "pending": incident.DeliverySent, "sent": incident.DeliverySent,
		"delivered": incident.DeliveryDelivered, "": "", "received": "",
		"permanent-failure": incident.DeliveryUndelivered, "temporary-failure": incident.DeliveryUndelivered, "technical-failure": incident.DeliveryUndelivered,
	} {
		p.status = status
		fate, err := follower.Follow(t.Context(), thread, false)
		require.NoError(t, err)
		require.Equal(t, want, fate.State, status)
		require.Equal(t, status == "sent" || want == incident.DeliveryDelivered || want == incident.DeliveryUndelivered, fate.Ended(), status)
	}
	p.answer(429)
	p.problem = "TooManyRequestsError"
	_, err = opened[incident.WaySMS].Send(t.Context(), message(kind(t, incident.WaySMS)))
	require.True(t, notify.IsPermanent(err), "the day's limit does not pass by waiting")
}
