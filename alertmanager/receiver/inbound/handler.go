package inbound

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// Path is below what the sources post; the name of one follows.
const Path = "/api/v1/inbound/"

const (
	// maxBody is four times what Azure and SNS send at most.
	maxBody = 1 << 20
	// maxKept is how much of a body is kept.
	maxKept = 64 << 10
	// acceptTimeout bounds how long a source waits: SNS gives up after 15 s.
	acceptTimeout = 10 * time.Second
)

// Options of a handler.
type Options struct {
	Sink    Sink
	Catalog func() *catalog.Catalog
	HTTP    *http.Client                // for the certificates of SNS and the keys of Entra; must follow no redirects
	Now     func() time.Time            // nil for time.Now
	Count   func(source, result string) // one of [Results]; nil for none
	Logger  log.Logger                  // nil for none
}

// Handler serves the sources.
type Handler struct {
	options Options
	sns     *snsKeys
	entra   *entra
}

// New makes a handler.
func New(o Options) *Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Count == nil {
		o.Count = func(string, string) {}
	}
	if o.Logger == nil {
		o.Logger = log.NewNopLogger()
	}
	return &Handler{
		options: o,
		sns:     &snsKeys{http: o.HTTP, now: o.Now, known: map[string]*x509.Certificate{}},
		entra:   &entra{http: o.HTTP, now: o.Now, issuers: map[string]*oidc.Provider{}},
	}
}

// form is one kind of source: it proves who sends a post and reads it.
type form func(h *Handler, in *catalog.Inbound, r *http.Request, body []byte) (Message, error)

func formOf(in *catalog.Inbound) form {
	switch {
	case in.Azure != nil:
		return (*Handler).azure
	case in.CloudWatch != nil:
		return (*Handler).cloudWatch
	case in.Grafana != nil:
		return tokened(func(body []byte) ([]Event, error) { return readGrafana(in.Grafana, body) })
	}
	return tokened(func(body []byte) ([]Event, error) { return readJSON(in.JSON, body) })
}

// ServeHTTP answers 200, 400, 401, 403, 404, 405 or 503, and nothing else: to
// 500 and 502 Azure does not come again, and 503 it tries again.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	c := h.options.Catalog()
	in := c.Inbound[strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, Path), "/")]
	if in == nil {
		http.Error(w, "the catalogue has no such source of alerts under inbound", http.StatusNotFound)
		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "alerts are posted here: want POST, got "+r.Method, http.StatusMethodNotAllowed)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), acceptTimeout)
	defer cancel()
	result, err := h.take(ctx, in, r.WithContext(ctx))
	if err != nil {
		h.refuse(w, r, in, err)
		return
	}
	h.options.Count(in.Name, result)
	_, _ = io.WriteString(w, result+"\n")
}

// take reads a post and stores what it says. A panic is our own fault, which
// may be mended by the time the source comes again.
func (h *Handler) take(ctx context.Context, in *catalog.Inbound, r *http.Request) (result string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = answer{http.StatusServiceUnavailable, "not_stored", "the alert could not be stored", fmt.Errorf("reading panicked: %v", p)}
		}
	}()
	body, tooLong, err := bounded(r.Body)
	if err != nil {
		return "", answer{http.StatusBadRequest, "unreadable", "the body ends before its time", err}
	}
	body, tooLong, packed := unpacked(r.Header.Get("Content-Encoding"), body, tooLong)
	m, err := formOf(in)(h, in, r, body)
	var refusal answer
	switch {
	case errors.As(err, &refusal):
		return "", refusal
	case tooLong:
		m.Events = nil
		err = fmt.Errorf("the body is longer than %d KiB", maxBody>>10)
	case packed != nil:
		m.Events, err = nil, packed
	case err == nil && len(m.Events) == 0:
		return "nothing", nil
	}
	m.Source, m.Body = in.Name, body[:min(len(body), maxKept)]
	var clash error
	m.Events, clash = distinct(h.options.Catalog(), in, m.Events)
	err = errors.Join(err, clash)
	if err != nil { // what could be read counts all the same
		m.Events = append(m.Events, unreadable(err))
	}
	if stored := h.options.Sink.Arrived(ctx, m); stored != nil {
		return "", answer{http.StatusServiceUnavailable, "not_stored", "the alert could not be stored", stored}
	}
	if err != nil {
		return "", answer{http.StatusBadRequest, "unreadable", err.Error(), err}
	}
	return "stored", nil
}

// unreadable is the alert about a post that proves who sends and cannot be
// read: something happened there, and nobody else will say so.
func unreadable(err error) Event {
	return Event{
		Key: "unreadable", Title: "Unreadable message", Expire: time.Hour,
		Summary: "A message came that cannot be read: something may be wrong that nobody is told of",
		Detail:  err.Error(),
	}
}

// tokened is a form whose sender shows the token.
func tokened(read func(body []byte) ([]Event, error)) form {
	return func(_ *Handler, in *catalog.Inbound, r *http.Request, body []byte) (Message, error) {
		if err := checkToken(in, r); err != nil {
			return Message{}, err
		}
		events, err := read(body)
		return Message{Events: events}, err
	}
}

func (h *Handler) azure(in *catalog.Inbound, r *http.Request, body []byte) (Message, error) {
	if in.TokenFile != "" {
		if err := checkToken(in, r); err != nil {
			return Message{}, err
		}
	}
	if spec := in.Azure.Entra; spec != nil {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return Message{}, unauthorized("a bearer token of Entra is missing: make it a secure webhook", nil)
		}
		err := h.entra.verify(r.Context(), spec, strings.TrimSpace(token))
		if errors.Is(err, errIssuer) {
			return Message{}, answer{http.StatusServiceUnavailable, "not_stored", "the token cannot be checked now", err}
		}
		if err != nil {
			return Message{}, unauthorized(err.Error(), err)
		}
	}
	events, err := readAzure(in.Azure, body)
	return Message{Events: events}, err
}

// cloudWatch takes what SNS signed, of the topics of the catalogue only.
func (h *Handler) cloudWatch(in *catalog.Inbound, r *http.Request, body []byte) (Message, error) {
	if in.TokenFile != "" {
		if err := checkToken(in, r); err != nil {
			return Message{}, err
		}
	}
	if strings.EqualFold(r.Header.Get("X-Amz-Sns-Rawdelivery"), "true") {
		return Message{}, forbidden(errors.New("raw message delivery has no signature: switch it off for this subscription"))
	}
	m, err := readSNS(body)
	if err != nil {
		return Message{}, forbidden(err)
	}
	if !slices.Contains(in.CloudWatch.Topics, m.TopicArn) {
		return Message{}, forbidden(errors.New("the topic is not among the topics of this source in the catalogue"))
	}
	if err := h.sns.verify(r.Context(), m); err != nil {
		return Message{}, unlessAway(err)
	}
	switch m.Type {
	case snsSubscribe:
		if err := h.sns.confirm(r.Context(), m); err != nil {
			return Message{}, unlessAway(err)
		}
		level.Info(h.options.Logger).Log("msg", "Confirmed a subscription of SNS", "source", in.Name, "topic", m.TopicArn)
		return Message{}, nil
	case snsNotification:
		return Message{ID: m.MessageID, Events: readCloudWatch(in.CloudWatch, m)}, nil
	case snsUnsubscribe:
		return Message{ID: m.MessageID, Events: []Event{{
			Key: "unsubscribed " + m.TopicArn, Title: "Unsubscribed from SNS", Expire: 24 * time.Hour, Resources: []string{m.TopicArn},
			Summary: "Alarms of the topic " + topicName(m.TopicArn) + " come here no more: somebody took the subscription away",
		}}}, nil
	}
	return Message{}, fmt.Errorf("the message's Type is %q, which SNS does not send", line(m.Type))
}

// unlessAway asks SNS to come again when the fault is that it, or the way to
// it, is away.
func unlessAway(err error) error {
	if errors.Is(err, errUnreachable) {
		return answer{http.StatusServiceUnavailable, "not_stored", "the signature cannot be checked now", err}
	}
	return forbidden(err)
}

// answer is a refusal: what the source sees, and why.
type answer struct {
	code   int
	result string
	text   string
	cause  error
}

func (a answer) Error() string { return a.text }

func forbidden(err error) answer {
	return answer{http.StatusForbidden, "unauthorized", err.Error(), err}
}

func unauthorized(text string, cause error) answer {
	return answer{http.StatusUnauthorized, "unauthorized", text, cause}
}

// checkToken compares what the sender shows with the content of token_file: a
// bearer token, the password of basic authentication, or ?token= for senders
// that can do nothing but post to an address.
func checkToken(in *catalog.Inbound, r *http.Request) error {
	text, err := os.ReadFile(in.TokenFile)
	want := strings.TrimSpace(string(text))
	if err == nil && want == "" {
		err = fmt.Errorf("%q is empty", in.TokenFile)
	}
	if err != nil {
		return answer{http.StatusServiceUnavailable, "not_stored", "the receiver cannot read its own token", fmt.Errorf("inbound.%s.token_file: %w", in.Name, err)}
	}
	given := []string{r.URL.Query().Get("token")}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		given = append(given, strings.TrimSpace(token))
	}
	if _, password, is := r.BasicAuth(); is {
		given = append(given, password)
	}
	digest, good := sha256.Sum256([]byte(want)), 0
	for _, one := range given {
		shown := sha256.Sum256([]byte(one))
		good |= subtle.ConstantTimeCompare(digest[:], shown[:])
	}
	if good != 1 {
		return unauthorized("the token is missing or wrong: it is the content of inbound."+in.Name+".token_file", nil)
	}
	return nil
}

// refuse never logs the address: the token may stand in it.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, in *catalog.Inbound, err error) {
	a := answer{http.StatusServiceUnavailable, "not_stored", "the alert could not be stored", err}
	_ = errors.As(err, &a)
	h.options.Count(in.Name, a.result)
	level.Warn(h.options.Logger).Log("msg", "Refused an alert from elsewhere", "source", in.Name, "from", r.RemoteAddr, "code", a.code, "reason", a.text, "err", a.cause)
	if a.code == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	http.Error(w, a.text, a.code)
}
