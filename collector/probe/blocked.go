package probe

import (
	"bytes"
	"net/http"
	"strings"
)

// firewall is how a product that stands before a service shows that it, and not
// the service, answered. Every condition that is given must hold. A header
// that merely names the product is not enough where the product also passes on
// the service's own 403.
type firewall struct {
	name   string
	status [3]int
	header string // this header is there …
	value  string // … and contains this, in lower case; empty for any value
	body   string // and the body contains this
}

// firewalls lists the signs we know of each product's block pages. Most draw a
// page of the same looks when the service behind them is down, with a 5xx:
// there only a header that says so counts as a refusal.
func firewalls() [12]firewall {
	refusals := [3]int{http.StatusForbidden}
	return [...]firewall{
		{name: "Cloudflare (challenge)", status: [3]int{http.StatusForbidden, http.StatusServiceUnavailable}, header: "Cf-Mitigated"},
		{name: "Cloudflare", status: refusals, header: "Server", value: "cloudflare", body: "cf-error-details"},
		{name: "Cloudflare", status: refusals, header: "Server", value: "cloudflare", body: "error code: 1020"},
		{name: "AWS WAF (challenge)", status: [3]int{http.StatusAccepted, http.StatusForbidden, http.StatusMethodNotAllowed}, header: "X-Amzn-Waf-Action"},
		{name: "AWS WAF (CloudFront)", status: refusals, header: "Server", value: "cloudfront", body: "Request blocked."},
		{name: "AWS WAF (load balancer)", status: refusals, header: "Server", value: "awselb", body: "403 Forbidden"},
		{name: "Azure Front Door", status: refusals, header: "X-Azure-Ref", body: "The request is blocked."},
		{name: "Azure Application Gateway", status: refusals, header: "Server", value: "microsoft-azure-application-gateway", body: "Microsoft-Azure-Application-Gateway"},
		{name: "Akamai", status: refusals, header: "Server", value: "akamaighost", body: "Access Denied"},
		{name: "Imperva", status: refusals, body: "Incapsula incident ID"},
		{name: "Sucuri", status: refusals, header: "X-Sucuri-Block"},
		{name: "F5", status: [3]int{http.StatusOK, http.StatusForbidden}, body: "The requested URL was rejected. Please consult with your administrator."},
	}
}

// blockedBy names who refused to let us look, or nothing when the service
// itself answered.
func blockedBy(a answer) string {
	if a.status == http.StatusTooManyRequests {
		return "a rate limit"
	}
	list := firewalls()
	for i := range list {
		f := &list[i]
		if f.shown(a) {
			return f.name
		}
	}
	return ""
}

func (f *firewall) shown(a answer) bool {
	status := false
	for _, code := range f.status {
		status = status || code == a.status
	}
	if !status {
		return false
	}
	if f.header != "" {
		value := a.header.Get(f.header)
		if value == "" || !strings.Contains(strings.ToLower(value), f.value) {
			return false
		}
	}
	return f.body == "" || bytes.Contains(a.body, []byte(f.body))
}
