package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// Notification is one post, checked and cut to size.
type Notification struct {
	Source    string // the cluster, by its token
	Receiver  string // as it stands in alertmanager.yml
	GroupKey  string
	Truncated int // alerts that max_alerts cut off
	Alerts    []incident.Alert
	Body      []byte // as it came, shortened
}

// Bounds of what is kept. Longer texts are cut, never refused.
const (
	maxBody       = 256 << 20 // nothing real comes near
	maxDetail     = 10 << 20  // of a body; of what follows only the identity is kept
	maxKeptBody   = 256 << 10
	maxText       = 4096 // bytes of one label or annotation
	maxTexts      = 64   // labels or annotations of one alert
	maxFullAlerts = 500  // of one notification; of the others only the identity is kept
)

// payload is version 4, as notify/webhook of Alertmanager writes it, but for
// the alerts. What is not named here is ignored: fields were added without
// raising the version.
type payload struct {
	version   string
	groupKey  string
	truncated uint64
	receiver  string
}

type payloadAlert struct {
	Status       string            `json:"status"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL"`
	Fingerprint  string            `json:"fingerprint"`
}

// decode reads one payload, alert by alert, and remembers the beginning of its
// text.
func decode(body io.Reader, source string) (Notification, error) {
	read := &head{most: maxKeptBody}
	d := &decoding{Decoder: json.NewDecoder(io.TeeReader(body, read)), read: read, source: source}
	if err := d.object(); err != nil {
		return Notification{}, fmt.Errorf("the body is not Alertmanager's webhook payload: %w", err)
	}
	if d.version != "4" {
		return Notification{}, fmt.Errorf("the body is not Alertmanager's webhook payload: version is %q, want \"4\" (remove a custom payload from the receiver)", d.version)
	}
	if !d.listed {
		return Notification{}, errors.New("the body is not Alertmanager's webhook payload: it has no alerts")
	}
	return Notification{
		Source: source, Receiver: unquoteMeta(d.receiver), GroupKey: shorten(d.groupKey, maxText),
		Truncated: int(min(d.truncated, 1<<30)), Alerts: d.alerts, Body: read.text,
	}, nil
}

// decoding is one payload on its way in.
type decoding struct {
	*json.Decoder
	payload
	read   *head
	source string
	listed bool // the list of alerts was there
	alerts []incident.Alert
}

func (d *decoding) object() error {
	if err := d.delimiter('{'); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		if err := d.field(name); err != nil {
			return err
		}
	}
	return d.delimiter('}')
}

func (d *decoding) field(name json.Token) error {
	switch name {
	case "version":
		return d.Decode(&d.version)
	case "groupKey":
		return d.Decode(&d.groupKey)
	case "truncatedAlerts":
		return d.Decode(&d.truncated)
	case "receiver":
		return d.Decode(&d.receiver)
	case "alerts":
		return d.list()
	}
	var ignored json.RawMessage
	return d.Decode(&ignored)
}

func (d *decoding) list() error {
	if err := d.delimiter('['); err != nil {
		return fmt.Errorf("alerts: %w", err)
	}
	d.listed = true
	for d.More() {
		var a payloadAlert
		if err := d.Decode(&a); err != nil {
			return fmt.Errorf("alerts[%d]: %w", len(d.alerts), err)
		}
		full := len(d.alerts) < maxFullAlerts && d.read.length < maxDetail
		alert, err := a.alert(d.source, full)
		if err != nil {
			return fmt.Errorf("alerts[%d]: %w", len(d.alerts), err)
		}
		d.alerts = append(d.alerts, alert)
	}
	return d.delimiter(']')
}

func (d *decoding) delimiter(want json.Delim) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	if token != want {
		return fmt.Errorf("want %q, got %v", want.String(), token)
	}
	return nil
}

func (a payloadAlert) alert(source string, full bool) (incident.Alert, error) {
	if a.Fingerprint == "" || a.StartsAt.IsZero() {
		return incident.Alert{}, errors.New("want a fingerprint and startsAt")
	}
	alert := incident.Alert{
		Source: source, Fingerprint: shorten(a.Fingerprint, 128), StartsAt: a.StartsAt.UTC(),
		Labels: bounded(a.Labels, 0),
	}
	if full {
		alert.Labels, alert.Annotations = bounded(a.Labels, maxTexts), bounded(a.Annotations, maxTexts)
		alert.GeneratorURL = shorten(a.GeneratorURL, maxText)
	}
	switch a.Status {
	case "resolved":
		alert.Resolved, alert.EndsAt = true, a.EndsAt.UTC()
	case "firing":
		// endsAt of a firing alert is zero, or a guess of Prometheus.
	default:
		return incident.Alert{}, fmt.Errorf("status is %q, want firing or resolved", a.Status)
	}
	return alert, nil
}

// unquoteMeta undoes regexp.QuoteMeta, which Alertmanager puts over the name
// of the receiver: team\.sms is team.sms.
func unquoteMeta(name string) string {
	b := strings.Builder{}
	for n := 0; n < len(name); n++ {
		if name[n] == '\\' && n+1 < len(name) && strings.IndexByte(`\.+*?()|[]{}^$`, name[n+1]) >= 0 {
			n++
		}
		b.WriteByte(name[n])
	}
	return b.String()
}

// needed are the labels and annotations that the flow itself reads; they are
// kept whatever else there is.
func needed() []string {
	return []string{
		"alertname", incident.LabelDrill, "severity", "audience", "service", "team", "dependency", "pipeline", "probe", "component", "instance",
		"summary", "description", "impact", "runbook_url", "dashboard_url", "cause",
	}
}

// Cut cuts the texts of an alert to the size of those in a notification.
func Cut(a incident.Alert) incident.Alert {
	a.Labels, a.Annotations, a.GeneratorURL = bounded(a.Labels, maxTexts), bounded(a.Annotations, maxTexts), shorten(a.GeneratorURL, maxText)
	return a
}

// bounded keeps what is needed and others up to a number, each cut to size.
func bounded(texts map[string]string, most int) map[string]string {
	kept := make(map[string]string, min(len(texts), max(most, len(needed()))))
	for _, name := range needed() {
		if text, ok := texts[name]; ok {
			kept[name] = shorten(text, maxText)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if len(kept) >= most {
			break
		}
		kept[shorten(name, 256)] = shorten(texts[name], maxText)
	}
	return kept
}

func shorten(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most] + "…"
}

// head keeps the beginning of what is written to it.
type head struct {
	text   []byte
	most   int
	length int // of everything
}

func (h *head) Write(p []byte) (int, error) {
	h.length += len(p)
	if room := h.most - len(h.text); room > 0 {
		h.text = append(h.text, p[:min(room, len(p))]...)
	}
	return len(p), nil
}
