package migrate

import (
	"encoding/json"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// gatusEndpoint is one endpoint on its way to a check.
type gatusEndpoint struct {
	*gatus
	v        *tree.Value
	name     string
	check    *Check
	statuses []string
	json     []*Settings
	domain   time.Duration // of its registration
	step     bool          // of a suite
}

// ask finds out what is asked. It is false when the endpoint is left out.
func (e *gatusEndpoint) ask() bool {
	address, whole := e.expanded(e.v.Get("url"))
	if !whole {
		e.leave(e.v, e.name, "the address names a variable of the environment that is not set here: set it and import again")
		return false
	}
	if dns := e.v.Get("dns"); dns != nil {
		e.dns(dns, address)
		return true
	}
	scheme, rest, _ := strings.Cut(address, "://")
	s := settings()
	kind := strings.ToLower(scheme)
	switch kind {
	case "http", "https":
		e.http(address)
		return true
	case "tcp", "udp", "sctp":
		s.set("address", rest)
		if body := e.v.Get("body").Text(); body != "" && kind != "sctp" {
			s.set("dialogue", []*Settings{settings("send", body)})
		}
	case "tls", "starttls":
		s.set("address", rest)
		if kind == "starttls" { // gatus speaks SMTP there, and looks at the certificate
			kind = "tls"
			s.set("starttls", "smtp")
		}
	case "icmp":
		s.set("host", rest)
	case "ssh":
		s.set("address", withPort(rest, "22"))
	case "ws", "wss":
		kind = "websocket"
		s.set("url", address)
		s.set("send", e.v.Get("body").Text())
	case "grpc", "grpcs":
		s.set("address", rest)
		if kind == "grpcs" {
			s.set("tls", true)
		}
		kind = "grpc"
	default:
		e.leave(e.v, e.name, "tocsin import knows no counterpart for %s://", scheme)
		return false
	}
	e.check.Kind, e.check.Settings = kind, s
	e.client(s)
	return true
}

func (e *gatusEndpoint) http(address string) {
	s := e.request(address, e.v.Get("url").At, e.name)
	e.check.URL = withoutSecrets(address)
	if method := strings.ToUpper(e.v.Get("method").Text()); method != "GET" {
		s.set("method", method)
	}
	headers := e.v.Get("headers")
	for _, name := range headers.Keys() {
		e.header(s, name, headers.Get(name), e.name)
	}
	body := e.v.Get("body").Text()
	if e.v.Get("graphql").True() { // gatus wraps the query
		wrapped, _ := json.Marshal(map[string]string{"query": body})
		body = string(wrapped)
		if s.inner("headers").values["Content-Type"] == nil {
			s.inner("headers").set("Content-Type", "application/json")
		}
	}
	s.set("send", body)
	e.check.Kind, e.check.Settings = "http", s
	e.client(s)
}

// client reads how the request is made.
func (e *gatusEndpoint) client(s *Settings) {
	v := e.v.Get("client")
	if v.Get("ignore-redirect").True() {
		s.set("follow_redirects", false)
	}
	v.Touch()
	if v.Get("insecure").True() {
		e.report.add(ToDo, v.Get("insecure").At, e.name, "client.insecure", "a certificate is always verified: give ca_file when a private authority signs it")
	}
	if oauth := v.Get("oauth2"); !oauth.Empty() {
		e.oauth2(s, oauth.Get("token-url").Text(), oauth.Get("client-id").Text(), e.secret(oauth.Get("client-secret"), "the OAuth 2 client secret of "+e.name, e.name, "client-secret"), oauth.Get("scopes").Texts())
	}
	s.set("cert_file", v.Find("tls", "certificate-file").Text())
	s.set("key_file", v.Find("tls", "private-key-file").Text())
	e.proxy(s, v.Get("proxy-url"), e.name)
	_, resolver, _ := strings.Cut(v.Get("dns-resolver").Text(), "://")
	s.set("resolver", resolver)
	s.set("family", family(v.Get("network").Text()))
	s.family(e.check.Kind)
}

func (e *gatusEndpoint) dns(v *tree.Value, server string) {
	server = withPort(strings.TrimPrefix(server, "dns://"), "53")
	s := settings("name", strings.TrimSuffix(v.Get("query-name").Text(), "."), "type", strings.ToUpper(v.Get("query-type").Text()), "server", server)
	if s.text("type") == "A" {
		s.remove("type")
	}
	e.check.Kind, e.check.Settings = "dns", s
}

// withPort is host:port, with the port that is usual when none is given.
func withPort(address, port string) string {
	address = strings.TrimSuffix(address, "/")
	if _, _, err := net.SplitHostPort(address); err == nil {
		return address
	}
	return net.JoinHostPort(strings.Trim(address, "[]"), port)
}

// condition reads one sentence of gatus' language.
func (e *gatusEndpoint) condition(v *tree.Value) {
	text, _ := e.expanded(v)
	left, operator, right := splitCondition(text)
	switch {
	case left == "[CONNECTED]" && operator == "==" && right == "true": // every probe means that
	case left == "[STATUS]" && e.check.Kind == "http" && e.status(operator, right):
	case left == "[RESPONSE_TIME]" && (operator == "<" || operator == "<="):
		if ms, err := strconv.Atoi(right); err == nil {
			e.check.Slow = time.Duration(ms) * time.Millisecond
			return
		}
		e.cannot(v, text)
	case left == "[CERTIFICATE_EXPIRATION]" && strings.HasPrefix(operator, ">"):
		e.check.Certificate, _ = time.ParseDuration(right)
	case left == "[DOMAIN_EXPIRATION]" && strings.HasPrefix(operator, ">"):
		e.domain, _ = time.ParseDuration(right)
	case left == "[DNS_RCODE]" && operator == "==" && e.check.Kind == "dns":
		e.check.Settings.set("rcode", strings.TrimPrefix(right, "NOERROR"))
	case left == "[BODY]" && e.check.Kind == "dns" && operator == "==" && e.answer(right):
	case left == "[BODY]" && operator == "==" && e.said(right):
	case e.body(left, operator, right):
	default:
		e.cannot(v, text)
	}
}

func (e *gatusEndpoint) cannot(v *tree.Value, text string) {
	if left, operator, _ := splitCondition(text); secretName(left) || text != v.Peek() {
		text = left + " " + operator + " …"
	}
	e.report.add(NotCarried, v.At, e.name, "condition "+text, "no counterpart")
}

// splitCondition cuts a condition into its three parts.
func splitCondition(text string) (left, operator, right string) {
	for _, operator := range []string{" == ", " != ", " <= ", " >= ", " < ", " > "} {
		if left, right, found := strings.Cut(text, operator); found {
			return strings.TrimSpace(left), strings.TrimSpace(operator), strings.TrimSpace(right)
		}
	}
	return strings.TrimSpace(text), "", ""
}

// answer reads what a name server must answer: one record, or any of several. A
// pattern has no counterpart.
func (e *gatusEndpoint) answer(right string) bool {
	if strings.HasPrefix(right, "pat(") || strings.Contains(right, ", pat(") || strings.HasPrefix(right, "any(pat(") {
		return false
	}
	if strings.HasPrefix(right, "any(") {
		e.check.Settings.set("answers_any", values(right))
		return true
	}
	e.check.Settings.set("answers", []string{right})
	return true
}

// said reads what a service must say on a plain connection, after what is sent.
func (e *gatusEndpoint) said(right string) bool {
	pattern, isPattern := strings.CutPrefix(right, "pat(")
	pattern = strings.TrimSuffix(pattern, ")")
	inner := strings.Trim(pattern, "*")
	expected := settings("expect_regexp", globExpression(pattern))
	if isPattern && !strings.ContainsAny(inner, "*?[") && strings.HasPrefix(pattern, "*") && strings.HasSuffix(pattern, "*") {
		expected = settings("expect", inner)
	}
	switch {
	case strings.HasPrefix(right, "any("):
		return false
	case e.check.Kind == "websocket":
		for _, key := range expected.keys {
			e.check.Settings.set(key, expected.values[key])
		}
		return true
	case e.check.Kind == "tcp" || e.check.Kind == "udp":
		steps, _ := e.check.Settings.values["dialogue"].([]*Settings)
		e.check.Settings.set("dialogue", append(steps, expected))
		return true
	}
	return false
}

// values are those of any(a, b), or the one.
func values(text string) []string {
	inner, found := strings.CutPrefix(text, "any(")
	if !found {
		return []string{text}
	}
	var all []string
	for part := range strings.SplitSeq(strings.TrimSuffix(inner, ")"), ",") {
		all = append(all, strings.TrimSpace(part))
	}
	return all
}

// status reads a condition on the status code.
func (e *gatusEndpoint) status(operator, right string) bool {
	var codes []int
	for _, value := range values(right) {
		code, err := strconv.Atoi(value)
		if err != nil {
			return false
		}
		codes = append(codes, code)
	}
	first := codes[0]
	switch operator {
	case "==":
		e.statuses = statusOf(codes)
	case "!=":
		e.statuses = append(e.statuses, not(statusOf(codes))...)
	case "<":
		e.statuses = append(e.statuses, rangeOf(min(100, first-1), first-1))
	case "<=":
		e.statuses = append(e.statuses, rangeOf(100, first))
	case ">":
		e.statuses = append(e.statuses, not([]string{rangeOf(100, first)})...)
	case ">=":
		e.statuses = append(e.statuses, not([]string{rangeOf(100, first-1)})...)
	default:
		return false
	}
	return true
}

// body reads a condition on the body: a text, a pattern, or a path in JSON.
func (e *gatusEndpoint) body(left, operator, right string) bool {
	if e.check.Kind != "http" {
		return false
	}
	if left == "[BODY]" {
		return e.text(operator, right)
	}
	function, path := "", left
	for _, name := range []string{"len", "has"} {
		if inner, is := strings.CutPrefix(left, name+"("); is {
			function, path = name, strings.TrimSuffix(inner, ")")
		}
	}
	path, is := strings.CutPrefix(path, "[BODY]")
	if !is || operator == "" {
		return false
	}
	e.json = append(e.json, settings("path", "$"+path, "function", function, "operator", operator, "value", right))
	return true
}

// text reads [BODY] == pat(*text*) and the like.
func (e *gatusEndpoint) text(operator, right string) bool {
	pattern, isPattern := strings.CutPrefix(right, "pat(")
	pattern = strings.TrimSuffix(pattern, ")")
	key := map[string]string{"==": "body", "!=": "body_not"}[operator]
	inner := strings.Trim(pattern, "*")
	switch {
	case key == "" || strings.HasPrefix(right, "any("):
		return false
	case isPattern && !strings.ContainsAny(inner, "*?[") && strings.HasPrefix(pattern, "*") && strings.HasSuffix(pattern, "*"):
		e.check.Settings.set(key, inner)
	case isPattern && key == "body":
		e.check.Settings.set("body_regexp", globExpression(pattern))
	case !isPattern && key == "body":
		e.check.Settings.set("body_regexp", globExpression(right))
	default:
		return false
	}
	return true
}

// globExpression is a pattern with * and ? as a regular expression.
func globExpression(pattern string) string {
	return `(?s)^\s*` + strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(quoteMeta(pattern)) + `\s*$`
}

// finish writes down what several conditions say together. Without one on the
// status, gatus takes any.
func (e *gatusEndpoint) finish() {
	s := e.check.Settings
	if e.check.Kind != "http" {
		return
	}
	if len(e.statuses) == 0 {
		e.statuses = []string{rangeOf(100, 599)}
	}
	s.status(e.statuses)
	e.jsonConditions()
}
