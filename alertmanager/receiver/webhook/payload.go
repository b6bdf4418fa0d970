package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	maxBody       = 10 << 20
	maxKeptBody   = 256 << 10
	maxText       = 4096 // bytes of one label or annotation
	maxTexts      = 64   // labels or annotations of one alert
	maxFullAlerts = 500  // of one notification; of the others only the identity is kept
)

// payload is version 4, as notify/webhook of Alertmanager writes it. What is
// not named here is ignored: fields were added without raising the version.
type payload struct {
	Version   string         `json:"version"`
	GroupKey  string         `json:"groupKey"`
	Truncated uint64         `json:"truncatedAlerts"`
	Receiver  string         `json:"receiver"`
	Alerts    []payloadAlert `json:"alerts"`
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

// decode reads one payload and remembers the beginning of its text.
func decode(body io.Reader, source string) (Notification, error) {
	kept := &head{most: maxKeptBody}
	decoder := json.NewDecoder(io.TeeReader(body, kept))
	var p payload
	if err := decoder.Decode(&p); err != nil {
		return Notification{}, fmt.Errorf("the body is not Alertmanager's webhook payload: %w", err)
	}
	if p.Version != "4" {
		return Notification{}, fmt.Errorf("the body is not Alertmanager's webhook payload: version is %q, want \"4\" (remove a custom payload from the receiver)", p.Version)
	}
	if p.Alerts == nil {
		return Notification{}, errors.New("the body is not Alertmanager's webhook payload: it has no alerts")
	}
	n := Notification{
		Source: source, Receiver: unquoteMeta(p.Receiver), GroupKey: p.GroupKey,
		Truncated: int(min(p.Truncated, 1<<30)), Body: kept.text,
	}
	for number, a := range p.Alerts {
		alert, err := a.alert(source, number < maxFullAlerts)
		if err != nil {
			return Notification{}, fmt.Errorf("alerts[%d]: %w", number, err)
		}
		n.Alerts = append(n.Alerts, alert)
	}
	return n, nil
}

func (a payloadAlert) alert(source string, full bool) (incident.Alert, error) {
	if a.Fingerprint == "" || a.StartsAt.IsZero() {
		return incident.Alert{}, errors.New("want a fingerprint and startsAt")
	}
	alert := incident.Alert{
		Source: source, Fingerprint: shorten(a.Fingerprint, 128), StartsAt: a.StartsAt.UTC(),
		Labels: bounded(a.Labels), GeneratorURL: shorten(a.GeneratorURL, maxText),
	}
	if full {
		alert.Annotations = bounded(a.Annotations)
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

func bounded(texts map[string]string) map[string]string {
	kept := make(map[string]string, min(len(texts), maxTexts))
	// What the flow itself needs is kept whatever else there is.
	for _, name := range []string{
		"alertname", "severity", "audience", "service", "team", "dependency", "pipeline", "probe", "component", "instance",
		"summary", "description", "impact", "runbook_url", "dashboard_url",
	} {
		if text, ok := texts[name]; ok {
			kept[name] = shorten(text, maxText)
		}
	}
	for name, text := range texts {
		if len(kept) >= maxTexts {
			break
		}
		kept[shorten(name, 256)] = shorten(text, maxText)
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
	text []byte
	most int
}

func (h *head) Write(p []byte) (int, error) {
	if room := h.most - len(h.text); room > 0 {
		h.text = append(h.text, p[:min(room, len(p))]...)
	}
	return len(p), nil
}
