package notify

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// webhook posts a team's incidents to any server: as JSON, or in the form that
// a template of the team gives them. Whoever receives them knows by the
// signature that they are ours, and by the id which came twice.
type webhook struct {
	teams  map[string]webhookTarget
	client *http.Client
}

// webhookTarget is where and how one team is posted to.
type webhookTarget struct {
	url, contentType string
	secrets          []string // none where nothing is signed; two while one is changed
	body             webhookBody
}

const (
	mostWebhookBody    = 512 << 10
	webhookContentType = "application/json"
)

func newWebhook(s Settings) (Channel, error) {
	teams, err := perTeam(s.Catalog, func(path string, of catalog.Channels) (webhookTarget, bool, error) {
		if of.Webhook == nil {
			return webhookTarget{}, false, nil
		}
		target, err := newWebhookTarget(path+".webhook", of.Webhook)
		return target, true, err
	})
	if err != nil || len(teams) == 0 {
		return nil, err
	}
	return &webhook{teams, s.HTTP}, nil
}

func newWebhookTarget(path string, spec *catalog.WebhookChannel) (target webhookTarget, err error) {
	target.url, target.contentType = spec.URL, cmp.Or(spec.ContentType, webhookContentType)
	if spec.URLFile != "" {
		if target.url, err = secretFile(path+".url_file", spec.URLFile); err != nil {
			return target, err
		}
		if !strings.HasPrefix(target.url, "https://") && !strings.HasPrefix(target.url, "http://") {
			return target, fmt.Errorf("%s.url_file: %q does not hold an address with http:// or https://", path, spec.URLFile)
		}
	}
	if spec.SecretFile != "" {
		text, err := secretFile(path+".secret_file", spec.SecretFile)
		if err != nil {
			return target, err
		}
		target.secrets = strings.Fields(text)
	}
	if err := CheckWebhookTemplate(spec.TemplateFile, target.contentType); err != nil {
		return target, fmt.Errorf("%s.template_file: %w", path, err)
	}
	target.body, err = readWebhookBody(spec.TemplateFile)
	return target, err
}

// Send posts the message. The texts of alerts may make of a template's body
// what it was not in the example; such a body is not sent.
func (c *webhook) Send(ctx context.Context, m Message) (Receipt, error) {
	target, ok := c.teams[teamOf(m.To.ID)]
	if !ok {
		return Receipt{}, permanent("the team has no webhook any more")
	}
	body, err := target.body(webhookData(m))
	switch {
	case err != nil:
		return Receipt{}, permanent("filling in the template: %w", err)
	case len(body) > mostWebhookBody:
		return Receipt{}, permanent("the template gives %d bytes (at most %d are sent)", len(body), mostWebhookBody)
	case isJSON(target.contentType) && !json.Valid(body):
		return Receipt{}, permanent("the template gives no JSON")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target.url, bytes.NewReader(body))
	if err != nil {
		return Receipt{}, permanent("the webhook's address is not a URL")
	}
	r.Header.Set("Content-Type", target.contentType)
	r.Header.Set("User-Agent", "Tocsin")
	r.Header.Set("X-Tocsin-Event", string(m.Kind))
	r.Header.Set("X-Tocsin-Message", m.ID)
	if len(target.secrets) > 0 {
		timestamp := strconv.FormatInt(time.Now().Unix(), 10)
		r.Header.Set("X-Tocsin-Timestamp", timestamp)
		r.Header.Set("X-Tocsin-Signature", webhookSignature(target.secrets, timestamp, body))
	}
	_, err = post(ctx, c.client, r)
	return Receipt{Thread: m.ID}, err
}

// webhookSignature signs the time, a dot and the body with each secret.
func webhookSignature(secrets []string, timestamp string, body []byte) string {
	var signatures []string
	for _, secret := range secrets {
		sum := hmac.New(sha256.New, []byte(secret))
		sum.Write([]byte(timestamp + "."))
		sum.Write(body)
		signatures = append(signatures, "v1="+hex.EncodeToString(sum.Sum(nil)))
	}
	return strings.Join(signatures, ",")
}

// isJSON says whether a content type is JSON, or a kind of it.
func isJSON(contentType string) bool {
	kind, _, err := mime.ParseMediaType(cmp.Or(contentType, webhookContentType))
	return err == nil && (kind == webhookContentType || strings.HasSuffix(kind, "+json"))
}
