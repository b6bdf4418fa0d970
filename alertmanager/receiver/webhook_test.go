package receiver_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// hook is a server that takes webhooks as their document says: it verifies the
// signature and the time, and takes each message once.
type hook struct {
	t *testing.T

	mu     sync.Mutex
	ids    []string // of the messages, in order
	events []string
	bodies []map[string]any
	broken int // so many posts are answered 503, taken or not
}

func (k *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	stamp := r.Header.Get("X-Tocsin-Timestamp")
	seconds, errStamp := strconv.ParseInt(stamp, 10, 64)
	sum := hmac.New(sha256.New, []byte("n3xt"))
	sum.Write([]byte(stamp + "."))
	sum.Write(body)
	signed := slices.Contains(strings.Split(r.Header.Get("X-Tocsin-Signature"), ","), "v1="+hex.EncodeToString(sum.Sum(nil)))
	if err != nil || errStamp != nil || time.Since(time.Unix(seconds, 0)).Abs() > 5*time.Minute || !signed {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if id := r.Header.Get("X-Tocsin-Message"); !slices.Contains(k.ids, id) {
		said := map[string]any{}
		if err := json.Unmarshal(body, &said); err != nil {
			k.t.Errorf("%v: %s", err, body)
		}
		k.ids, k.events, k.bodies = append(k.ids, id), append(k.events, r.Header.Get("X-Tocsin-Event")), append(k.bodies, said)
	}
	if k.broken > 0 {
		k.broken--
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// said waits until an event has come, and gives its body.
func (k *hook) said(event string) (body map[string]any) {
	k.t.Helper()
	require.Eventually(k.t, func() bool {
		k.mu.Lock()
		defer k.mu.Unlock()
		n := slices.Index(k.events, event)
		if n >= 0 {
			body = k.bodies[n]
		}
		return n >= 0
	}, soon, often, event)
	return body
}

// TestASignedWebhookTheWholeWay: an incident's life in the words of a template,
// signed with each of two secrets; an answer that was lost doubles nothing.
func TestASignedWebhookTheWholeWay(t *testing.T) {
	h := newHouse(t)
	k := &hook{t: t, broken: 1}
	server := httptest.NewServer(k)
	t.Cleanup(server.Close)
	h.write("signing", "the old one\nn3xt\n")
	h.write("shop.tmpl", `{"text": {{json .Subject}}, "state": "{{.Incident.State}}", "link": {{json .Incident.Board}}{{if .Incident.Owner}}, "owner": {{json .Incident.Owner}}{{end}}}`)
	h.catalog(strings.Replace(estate, "shop@example.org]}}}", "shop@example.org]}, webhook: {url: '"+server.URL+"', secret_file: signing, template_file: shop.tmpl}}}", 1))
	h.reload()
	down := h.firing("ServiceDown", "critical", "users")
	down.Annotations["summary"] = `shop is "down" \ <b>`
	require.Equal(t, 200, h.post(down))
	link := h.link(h.mail("asha@example.org", 1).Text)
	require.Equal(t, map[string]any{"text": `CRITICAL: shop is "down" \ <b>`, "state": "open", "link": "http://board.example.org/incidents/1"}, k.said("opened"))
	h.later(time.Minute) // it is told again, because its answer was lost
	k.said("page")
	h.request(http.MethodPost, link, "", 200, "it is yours")
	body := k.said("acknowledged")
	require.Equal(t, "acknowledged", body["state"])
	require.Equal(t, "Asha Rao", body["owner"])
	require.Equal(t, 200, h.post(h.ended(down)))
	require.Equal(t, "closed", k.said("resolved")["state"])
	h.quiet()
	h.settled(1, sent("webhook/shop", incident.WayWebhook))
	k.mu.Lock()
	defer k.mu.Unlock()
	require.Equal(t, []string{"opened", "page", "acknowledged", "resolved"}, k.events)
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(k.ids))), 4)
}
