package inbound

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// sink keeps what is stored.
type sink struct {
	messages []Message
	err      error
}

func (s *sink) Arrived(_ context.Context, m Message) error {
	if s.err == nil {
		s.messages = append(s.messages, m)
	}
	return s.err
}

// amazon is SNS as far as this program asks it: its certificate, and the
// confirmation of subscriptions.
type amazon struct {
	key         *rsa.PrivateKey
	certificate []byte
	away        bool

	mu    sync.Mutex
	asked []string
}

var amazonKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func newAmazon(t *testing.T, from, until time.Time) *amazon {
	t.Helper()
	a := &amazon{key: amazonKey()}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sns.amazonaws.com"}, NotBefore: from, NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	require.NoError(t, err)
	a.certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return a
}

func (a *amazon) RoundTrip(r *http.Request) (*http.Response, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, r.URL.String())
	if a.away {
		return nil, errors.New("no way there")
	}
	answer := httptest.NewRecorder()
	if strings.HasSuffix(r.URL.Path, ".pem") {
		_, _ = answer.Write(a.certificate)
	}
	return answer.Result(), nil
}

// sign makes the message one of SNS, of a version.
func (a *amazon) sign(t *testing.T, m map[string]string, version string) map[string]string {
	t.Helper()
	text, err := json.Marshal(m)
	require.NoError(t, err)
	var parsed snsMessage
	require.NoError(t, json.Unmarshal(text, &parsed))
	hash, digest := crypto.SHA1, sha1.Sum(parsed.signed())
	sum := digest[:]
	if version == "2" {
		long := sha256.Sum256(parsed.signed())
		hash, sum = crypto.SHA256, long[:]
	}
	signature, err := rsa.SignPKCS1v15(nil, a.key, hash, sum)
	require.NoError(t, err)
	m["SignatureVersion"], m["Signature"] = version, base64.StdEncoding.EncodeToString(signature)
	if m["SigningCertURL"] == "" {
		m["SigningCertURL"] = "https://sns.eu-west-2.amazonaws.com/SimpleNotificationService-0123abcd.pem"
	}
	return m
}

// gate is a handler over the catalogue of testdata.
type gate struct {
	t       *testing.T
	sink    *sink
	amazon  *amazon
	now     time.Time
	log     *bytes.Buffer
	counted []string
	handler *Handler
	catalog *catalog.Catalog
}

func newGate(t *testing.T) *gate {
	t.Helper()
	folder := t.TempDir()
	text, err := os.ReadFile("testdata/catalogue.yml")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "tocsin.yml"), text, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "token"), []byte("hunter2\n"), 0o600))
	g := &gate{t: t, sink: &sink{}, now: time.Date(2026, 11, 26, 9, 0, 30, 0, time.UTC), log: &bytes.Buffer{}}
	g.amazon = newAmazon(t, g.now.Add(-time.Hour), g.now.Add(30*24*time.Hour))
	g.catalog, err = catalog.Load(filepath.Join(folder, "tocsin.yml"))
	require.NoError(t, err)
	client := &http.Client{Transport: g.amazon, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	g.handler = New(Options{
		Sink: g.sink, Catalog: func() *catalog.Catalog { return g.catalog }, HTTP: client, Now: func() time.Time { return g.now },
		Count: func(source, result string) { g.counted = append(g.counted, source+" "+result) }, Logger: log.NewLogfmtLogger(g.log),
	})
	return g
}

// post gives the status and the text of the answer.
func (g *gate) post(path, body string, headers ...string) (int, string) {
	g.t.Helper()
	request := httptest.NewRequestWithContext(g.t.Context(), http.MethodPost, path, strings.NewReader(body))
	for n := 0; n+1 < len(headers); n += 2 {
		request.Header.Set(headers[n], headers[n+1])
	}
	answer := httptest.NewRecorder()
	g.handler.ServeHTTP(answer, request)
	require.NotContains(g.t, g.log.String(), "hunter2", "the token is a secret")
	return answer.Code, strings.TrimSpace(answer.Body.String())
}

func (g *gate) file(name string) string {
	g.t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	require.NoError(g.t, err)
	return string(text)
}

func TestTheTokenIsWanted(t *testing.T) {
	g := newGate(t)
	body := g.file("grafana.json")
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("grafana:hunter2"))
	for _, c := range []struct {
		path, authorization string
		want                int
	}{
		{"/api/v1/inbound/grafana", "", 401},
		{"/api/v1/inbound/grafana?token=wrong", "", 401},
		{"/api/v1/inbound/grafana", "Bearer hunter", 401},
		{"/api/v1/inbound/grafana", "Basic hunter2", 401},
		{"/api/v1/inbound/grafana?token=hunter2", "", 200},
		{"/api/v1/inbound/grafana/?token=hunter2", "", 200},
		{"/api/v1/inbound/grafana", "Bearer hunter2", 200},
		{"/api/v1/inbound/grafana", basic, 200},
		{"/api/v1/inbound/nothing", "Bearer hunter2", 404},
		{"/api/v1/inbound/", "Bearer hunter2", 404},
	} {
		code, text := g.post(c.path, body, "Authorization", c.authorization)
		require.Equal(t, c.want, code, "%s %s: %s", c.path, c.authorization, text)
	}
	require.Len(t, g.sink.messages, 4)
	require.Equal(t, "grafana", g.sink.messages[0].Source)
	require.Len(t, g.sink.messages[0].Events, 2)
	require.Contains(t, g.counted, "grafana unauthorized")
	require.NoError(t, os.Remove(g.catalog.Inbound["grafana"].TokenFile))
	code, _ := g.post("/api/v1/inbound/grafana", body, "Authorization", "Bearer hunter2")
	require.Equal(t, 503, code, "our own fault: the sender comes again")
}

func TestOnlyPosts(t *testing.T) {
	g := newGate(t)
	answer := httptest.NewRecorder()
	g.handler.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/inbound/azure?token=hunter2", nil))
	require.Equal(t, 405, answer.Code)
	require.Equal(t, "POST", answer.Header().Get("Allow"))
}

// What cannot be stored comes again, and what cannot be read is told to people.
func TestNothingIsLostSilently(t *testing.T) {
	g := newGate(t)
	const azure = "/api/v1/inbound/azure?token=hunter2"
	for name, body := range map[string]string{"no schema": "{}", "no JSON": "x", "too long": `{"a":"` + strings.Repeat("x", maxBody) + `"}`} {
		g.sink.messages = nil
		code, _ := g.post(azure, body)
		require.Equal(t, 400, code, name)
		require.Len(t, g.sink.messages, 1, name)
		require.LessOrEqual(t, len(g.sink.messages[0].Body), maxKept)
		labels, annotations := Label(g.catalog, g.catalog.Inbound["azure"], g.sink.messages[0].Events[0])
		require.Equal(t, "platform", labels["team"])
		require.Equal(t, "Unreadable message", labels["rule"])
		require.NotEmpty(t, annotations["description"])
	}
	g.sink.err = errors.New("disk full")
	for _, body := range []string{g.file("azure-metric.json"), "x"} {
		code, text := g.post(azure, body)
		require.Equal(t, 503, code, "Azure tries 503 again, and not 500")
		require.NotContains(t, text, "disk")
	}
	g.sink = nil // a panic
	g.handler.options.Sink = nil
	code, _ := g.post(azure, g.file("azure-metric.json"))
	require.Equal(t, 503, code)
}

func notification(message string) map[string]string {
	return map[string]string{
		"Type": "Notification", "MessageId": "m1", "TopicArn": "arn:aws:sns:eu-west-2:123456789012:alarms", "Subject": "ALARM", "Message": message,
		"Timestamp": "2026-11-26T09:00:01.000Z", "UnsubscribeURL": "https://sns.eu-west-2.amazonaws.com/?Action=Unsubscribe",
	}
}

func subscription() map[string]string {
	return map[string]string{
		"Type": "SubscriptionConfirmation", "MessageId": "m2", "TopicArn": "arn:aws:sns:eu-west-2:123456789012:alarms", "Message": "You have chosen…",
		"Timestamp": "2026-11-26T09:00:01.000Z", "Token": "t0ken", "SubscribeURL": "https://169.254.169.254/latest/meta-data",
	}
}

func encode(t *testing.T, m map[string]string) string {
	t.Helper()
	text, err := json.Marshal(m)
	require.NoError(t, err)
	return string(text)
}

const plain = "text/plain; charset=UTF-8"

func TestSignedMessagesOfSNS(t *testing.T) {
	for _, version := range []string{"1", "2"} {
		for _, subject := range []string{"ALARM", ""} {
			g := newGate(t)
			m := notification(g.file("cloudwatch-alarm.json"))
			if m["Subject"] = subject; subject == "" {
				delete(m, "Subject")
			}
			code, text := g.post("/api/v1/inbound/aws", encode(t, g.amazon.sign(t, m, version)), "Content-Type", plain)
			require.Equal(t, 200, code, text)
			require.Equal(t, "m1", g.sink.messages[0].ID)
			require.Equal(t, "shop-5xx", g.sink.messages[0].Events[0].Title)
			_, _ = g.post("/api/v1/inbound/aws", encode(t, m), "Content-Type", plain)
			require.Len(t, g.amazon.asked, 1, "the certificate is kept")
		}
	}
}

func TestForgedMessagesOfSNS(t *testing.T) {
	cases := map[string]func(g *gate, m map[string]string) map[string]string{
		"another text": func(g *gate, m map[string]string) map[string]string {
			g.amazon.sign(g.t, m, "2")["Message"] = "forged"
			return m
		},
		"another topic": func(g *gate, m map[string]string) map[string]string {
			m["TopicArn"] = "arn:aws:sns:eu-west-2:999999999999:alarms"
			return g.amazon.sign(g.t, m, "2")
		},
		"of yesterday": func(g *gate, m map[string]string) map[string]string {
			m["Timestamp"] = "2026-11-25T08:00:00.000Z"
			return g.amazon.sign(g.t, m, "2")
		},
		"of tomorrow": func(g *gate, m map[string]string) map[string]string {
			m["Timestamp"] = "2026-11-27T09:00:00.000Z"
			return g.amazon.sign(g.t, m, "2")
		},
		"no version": func(g *gate, m map[string]string) map[string]string { return g.amazon.sign(g.t, m, "3") },
		"another's key": func(g *gate, m map[string]string) map[string]string {
			other := newAmazon(g.t, g.now, g.now)
			key, err := rsa.GenerateKey(rand.Reader, 2048)
			require.NoError(g.t, err)
			other.key = key
			return other.sign(g.t, m, "2")
		},
		"an old certificate": func(g *gate, m map[string]string) map[string]string {
			g.amazon.certificate = newAmazon(g.t, g.now.Add(-2*time.Hour), g.now.Add(-time.Hour)).certificate
			return g.amazon.sign(g.t, m, "2")
		},
	}
	for name, address := range map[string]string{
		"a bucket":       "https://sns-eu-west-2.s3.amazonaws.com/SimpleNotificationService-0123abcd.pem",
		"another host":   "https://sns.eu-west-2.amazonaws.com.example.org/SimpleNotificationService-0123abcd.pem",
		"a port":         "https://sns.eu-west-2.amazonaws.com:8443/SimpleNotificationService-0123abcd.pem",
		"a login":        "https://sns.eu-west-2.amazonaws.com@example.org/SimpleNotificationService-0123abcd.pem",
		"no TLS":         "http://sns.eu-west-2.amazonaws.com/SimpleNotificationService-0123abcd.pem",
		"another path":   "https://sns.eu-west-2.amazonaws.com/x/../SimpleNotificationService-0123abcd.pem",
		"a query":        "https://sns.eu-west-2.amazonaws.com/SimpleNotificationService-0123abcd.pem?Action=x",
		"no certificate": "https://sns.eu-west-2.amazonaws.com/SimpleNotificationService-0123abcd.txt",
	} {
		cases[name] = func(g *gate, m map[string]string) map[string]string {
			m["SigningCertURL"] = address
			return g.amazon.sign(g.t, m, "2")
		}
	}
	for name, forge := range cases {
		t.Run(name, func(t *testing.T) {
			g := newGate(t)
			code, _ := g.post("/api/v1/inbound/aws", encode(t, forge(g, notification("{}"))), "Content-Type", plain)
			require.Equal(t, 403, code)
			require.Empty(t, g.sink.messages)
			require.LessOrEqual(t, len(g.amazon.asked), 1)
		})
	}
}

func TestRawDeliveryIsRefused(t *testing.T) {
	g := newGate(t)
	code, text := g.post("/api/v1/inbound/aws", g.file("cloudwatch-alarm.json"), "X-Amz-Sns-Rawdelivery", "true")
	require.Equal(t, 403, code)
	require.Contains(t, text, "switch it off")
	code, text = g.post("/api/v1/inbound/aws", g.file("cloudwatch-alarm.json"))
	require.Equal(t, 403, code)
	require.Contains(t, text, "switch raw message delivery off")
	require.Empty(t, g.amazon.asked)
}

// A subscription is confirmed for topics of the catalogue, at SNS itself and
// not where the message says.
func TestSubscriptions(t *testing.T) {
	g := newGate(t)
	code, _ := g.post("/api/v1/inbound/aws", encode(t, g.amazon.sign(t, subscription(), "1")), "Content-Type", plain)
	require.Equal(t, 200, code)
	require.Equal(t, []string{
		"https://sns.eu-west-2.amazonaws.com/SimpleNotificationService-0123abcd.pem",
		"https://sns.eu-west-2.amazonaws.com/?Action=ConfirmSubscription&Token=t0ken&TopicArn=arn%3Aaws%3Asns%3Aeu-west-2%3A123456789012%3Aalarms",
	}, g.amazon.asked)
	require.NotContains(t, g.log.String(), "t0ken")

	g = newGate(t)
	other := subscription()
	other["TopicArn"] = "arn:aws:sns:eu-west-2:123456789012:other"
	code, _ = g.post("/api/v1/inbound/aws", encode(t, g.amazon.sign(t, other, "1")), "Content-Type", plain)
	require.Equal(t, 403, code)
	require.Empty(t, g.amazon.asked)

	g.amazon.away = true
	code, _ = g.post("/api/v1/inbound/aws", encode(t, g.amazon.sign(t, subscription(), "1")), "Content-Type", plain)
	require.Equal(t, 503, code, "SNS comes again")
	require.NotContains(t, g.log.String(), "t0ken")

	gone := subscription()
	gone["Type"] = "UnsubscribeConfirmation"
	g.amazon.away = false
	code, _ = g.post("/api/v1/inbound/aws", encode(t, g.amazon.sign(t, gone, "2")), "Content-Type", plain)
	require.Equal(t, 200, code)
	require.Contains(t, g.sink.messages[0].Events[0].Summary, "come here no more")
}

// A topic also carries what is no alarm.
func TestOtherMessagesOfATopic(t *testing.T) {
	g := newGate(t)
	code, _ := g.post("/api/v1/inbound/aws", encode(t, g.amazon.sign(t, notification("The budget is spent."), "2")), "Content-Type", plain)
	require.Equal(t, 200, code)
	e := g.sink.messages[0].Events[0]
	require.Equal(t, "ALARM", e.Title)
	require.Equal(t, "The budget is spent.", e.Detail)
	require.Equal(t, 24*time.Hour, e.Expire)
}
