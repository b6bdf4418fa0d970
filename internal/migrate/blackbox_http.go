package migrate

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// http reads a module of the http prober.
func (m *module1) http(v *tree.Value) {
	address := m.target.address
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	s := m.request(address, m.check.At, m.owner)
	if m.check.URL = withoutSecrets(address); strings.ContainsAny(m.check.URL, " ") {
		m.check.URL = ""
	}
	if method := v.Get("method").Text(); method != "GET" {
		s.set("method", method)
	}
	m.headers(s, v)
	m.identity(s, v)
	s.status(m.statuses(v.Get("valid_status_codes")))
	if follow, given := v.Get("follow_redirects").Bool(); given && !follow {
		s.set("follow_redirects", false)
	} else if follow, given := v.Get("no_follow_redirects").Bool(); given && follow {
		s.set("follow_redirects", false)
	}
	s.set("send", v.Get("body").Text())
	m.expectations(s, v)
	if v.Get("fail_if_not_ssl").True() && !strings.HasPrefix(address, "https:") {
		m.lose(v.Get("fail_if_not_ssl"), m.owner, "fail_if_not_ssl", "the address begins with http: write https in the catalogue")
	}
	m.certificates(s, v.Get("tls_config"))
	m.address(s, v)
	m.proxy(s, v.Get("proxy_url"), m.owner)
	m.answer(s, v)
	m.check.Kind, m.check.Settings = "http", s
}

// statuses reads a list of codes.
func (m *module1) statuses(v *tree.Value) []string {
	var codes []int
	for _, item := range v.Each() {
		if code := item.Int(); code > 0 {
			codes = append(codes, code)
		}
	}
	return statusOf(codes)
}

func (m *module1) headers(s *Settings, v *tree.Value) {
	headers := v.Get("headers")
	for _, name := range headers.Keys() {
		m.header(s, name, headers.Get(name), m.owner)
	}
	headers = v.Get("http_headers")
	for _, name := range headers.Keys() {
		for _, key := range []string{"values", "secrets", "files"} {
			secret := key != "values"
			for i, item := range headers.Get(name).Get(key).Each() {
				switch {
				case i > 0:
					m.lose(item, m.owner, "http_headers."+name, "a header has one value")
				case secret:
					s.inner("headers").set(name, m.secret(item, "the header "+name+" of "+m.owner, m.owner, name))
				default:
					m.header(s, name, item, m.owner)
				}
			}
		}
	}
	if m.target.hostname != "" {
		s.inner("headers").set("Host", m.target.hostname)
	}
}

// identity reads the ways of proving who is asking.
func (m *module1) identity(s *Settings, v *tree.Value) {
	if basic := v.Get("basic_auth"); !basic.Empty() {
		m.basicAuth(s, basic)
	}
	if token := v.First("bearer_token", "bearer_token_file"); !token.Empty() {
		m.token(s, token)
	}
	if authorization := v.Get("authorization"); !authorization.Empty() {
		if kind := authorization.Get("type").Text(); kind != "" && !strings.EqualFold(kind, "bearer") {
			s.inner("headers").set("Authorization", m.secret(authorization.First("credentials", "credentials_file"), fmt.Sprintf("the credentials of %s (as the header's value, %q in front)", m.owner, kind), m.owner, "authorization"))
		} else {
			m.token(s, authorization.First("credentials", "credentials_file"))
		}
	}
	if oauth := v.Get("oauth2"); !oauth.Empty() {
		m.oauth2(s, oauth.Get("token_url").Text(), oauth.Get("client_id").Text(),
			m.secret(oauth.First("client_secret", "client_secret_file"), "the OAuth 2 client secret of "+m.owner, m.owner, "client-secret"), oauth.Get("scopes").Texts())
	}
}

// basicAuth reads a user and a password, either of which may stand in a file of
// blackbox_exporter's machine.
func (m *module1) basicAuth(s *Settings, v *tree.Value) {
	what := "the user and password of " + m.owner
	for _, key := range []string{"username_file", "password_file"} {
		if path := v.Get(key).Text(); path != "" {
			what += " (" + strings.TrimSuffix(key, "_file") + ": blackbox_exporter has it in " + path + ")"
		}
	}
	value := v.Get("username").Text() + ":" + v.Get("password").Text()
	if value == ":" {
		value = ""
	}
	v.Read()
	m.basic(s, m.secretOf(value, v.At, what, m.owner, "authorization"))
}

// token reads a bearer token, or the place of a file with one.
func (m *module1) token(s *Settings, v *tree.Value) {
	secret := m.secret(v, "the bearer token of "+m.owner, m.owner, "authorization")
	if strings.HasSuffix(v.Key(), "_file") {
		secret.value = ""
	}
	m.bearer(s, secret)
}

// expectations reads what the answer must and must not have.
func (m *module1) expectations(s *Settings, v *tree.Value) {
	wanted := v.First("fail_if_body_not_matches_regexp", "fail_if_not_matches_regexp")
	for i, item := range wanted.Each() {
		if i > 0 {
			m.lose(item, m.owner, wanted.Key(), "a probe has one expression that the body matches, and this is a further one: make a probe of its own of it")
			continue
		}
		s.set(cmp.Or(map[bool]string{true: "body"}[literal(item.Peek())], "body_regexp"), item.Text())
	}
	for _, item := range v.First("fail_if_body_matches_regexp", "fail_if_matches_regexp").Each() {
		if literal(item.Peek()) && s.text("body_not") == "" {
			s.set("body_not", item.Text())
		}
	}
}

// answer reads what the headers, the JSON and the size of the answer must be.
func (m *module1) answer(s *Settings, v *tree.Value) {
	if knows("http", "answer_headers") {
		for _, rule := range v.Get("fail_if_header_not_matches").Each() {
			s.inner("answer_headers").set(rule.Get("header").Text(), rule.Get("regexp").Text())
		}
	}
	if knows("http", "body_cel") {
		for _, item := range v.Get("fail_if_body_json_not_matches_cel").Each() {
			s.also("body_cel", item.Text())
		}
		for _, item := range v.Get("fail_if_body_json_matches_cel").Each() {
			s.also("body_cel", "!("+item.Text()+")")
		}
	}
	m.versions(s, v.Get("valid_http_versions"))
	s.set("body_max", v.Get("body_size_limit").Text())
}

// versions reads which version of HTTP the answer must have. The catalogue
// names one, which is asked for.
func (m *module1) versions(s *Settings, v *tree.Value) {
	var versions []string
	for _, item := range v.Each() {
		versions = append(versions, strings.TrimSuffix(strings.TrimPrefix(item.Peek(), "HTTP/"), ".0"))
	}
	switch {
	case len(versions) == 0:
	case len(versions) == 1 && slices.Contains(catalog.HTTPVersions(), versions[0]):
		s.set("version", versions[0])
		v.Read()
	default:
		m.lose(v, m.owner, "valid_http_versions", "a probe asks by one version (%s), or by the one that is negotiated", strings.Join(catalog.HTTPVersions(), ", "))
	}
}

// literal says that an expression matches nothing but itself.
func literal(expression string) bool { return regexp.QuoteMeta(expression) == expression }
