package probe

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// request builds a step's request with the values taken so far.
func (v *visit) request(ctx context.Context, step journeyStep) (*http.Request, error) {
	raw, key := step.target()
	address, err := v.resolve(v.values.expandURL(raw))
	if err != nil {
		return nil, err
	}
	body, contentType, err := v.payload(step)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, strings.ToUpper(key), address, body)
	if err != nil {
		return nil, misfitf(ReasonProtocol, "the address is none: %v", bare(err))
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if v.isHome(req.URL) {
		if err := headers(v.access.spec.Headers).set(req, v.secrets, v.values.expand); err != nil {
			return nil, err
		}
	}
	return req, headers(step.Headers).set(req, v.secrets, v.values.expand)
}

// resolve makes an extracted or relative address absolute.
func (v *visit) resolve(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", misfitf(ReasonProtocol, "the address is none: %v", bare(err))
	}
	if v.at != nil {
		u = v.at.ResolveReference(u)
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return "", misfitf(ReasonProtocol, "the address %s is neither http nor https", quote(place(u)))
	}
	return u.String(), nil
}

// payload is the body of a step, if it sends one.
func (v *visit) payload(step journeyStep) (body io.Reader, contentType string, err error) {
	return payload{form: step.Form, json: step.JSON, secrets: v.secrets, expand: v.values.expand}.make()
}

func journeyHost(p *catalog.Probe) string {
	if len(p.Journey) == 0 {
		return ""
	}
	raw, _ := journeyStep{JourneyStep: &p.Journey[0]}.target()
	written := make(variables)
	for name, text := range p.Variables {
		written[name] = text.Literal
	}
	return hostOf(written.expandURL(raw))
}
