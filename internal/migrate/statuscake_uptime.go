package migrate

import (
	"cmp"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// cakeTest is one uptime test on its way to a check.
type cakeTest struct {
	*cake
	v       *tree.Value // the test
	options *tree.Value // where the options of its kind stand
	name    string
	kind    string
	address *tree.Value

	interval, timeout *tree.Value

	resource bool // of Terraform, whose defaults are known
	legacy   bool // of the provider's first version
}

func (t *cakeTest) read() {
	who := cmp.Or(t.name, t.address.Peek())
	switch {
	case t.address.Is(tree.Unknown):
		t.leave(t.v, who, "the address is not known here: %s", t.address.Why())
		return
	case t.address.Empty():
		t.leave(t.v, who, "it has no address")
		return
	case t.v.First("paused", "Paused").True():
		t.leave(t.v, who, "it is paused")
		return
	}
	check := &Check{Service: t.name, At: t.v.At, Interval: t.rate(t.interval), Timeout: t.rate(t.timeout)}
	if t.name == "" {
		check.At = t.address.At
	}
	if confirmation := t.v.First("confirmation", "confirmations"); confirmation != nil {
		check.Confirm = confirmation.Int() + 1
	}
	check.PageAfter = time.Duration(t.v.First("trigger_rate", "TriggerRate").Int()) * time.Minute
	if t.legacy {
		t.defaults(check)
	}
	address := t.address.Text()
	switch strings.ToLower(t.kind) {
	case "http", "head", "":
		check.Kind, check.Settings = "http", t.http(address, who)
		check.URL = check.Settings.text("url")
		if t.options.Get("enable_ssl_alert").True() {
			check.Certificate = 21 * 24 * time.Hour
		}
	case "tcp", "ssh", "smtp":
		check.Kind, check.Settings = spoken(strings.ToLower(t.kind), t.port(address))
		if login := t.options.One("authentication"); !login.Empty() {
			t.lose(login, who, "authentication", "the probe does not log in")
		}
	case "ping", "icmp":
		check.Kind, check.Settings = "icmp", settings("host", cmp.Or(hostOf(address), address))
		t.options.Get("enabled").Read()
	case "dns":
		check.Kind, check.Settings = "dns", settings("name", cmp.Or(hostOf(address), address), "server", t.server(), "answers", list(t.options.First("dns_ips", "dns_ip")))
	default:
		t.leave(t.v, who, "Tocsin has no counterpart for a test of the type %s", t.kind)
		return
	}
	check.Team = t.team(t.v)
	t.check(check)
}

// defaults are those of the provider's first version, for what is not given.
func (t *cakeTest) defaults(check *Check) {
	check.Interval = cmp.Or(check.Interval, 5*time.Minute)
	check.Confirm = cmp.Or(check.Confirm, 1)
	if t.v.Get("trigger_rate") == nil {
		check.PageAfter = 5 * time.Minute
	}
}

// http is the settings of an HTTP test.
func (t *cakeTest) http(address, who string) *Settings {
	v := t.options
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	s := t.request(address, t.address.At, who)
	payload := v.First("request_payload", "request_payload_raw", "post_raw", "post_body")
	switch method := strings.ToUpper(cmp.Or(v.First("request_method", "test_type", "TestType").Text(), "HTTP")); {
	case method == "HEAD":
		s.set("method", "HEAD")
	case !payload.Empty():
		s.set("method", "POST")
		s.set("send", t.payload(s, payload))
	}
	if follow, given := v.First("follow_redirects", "follow_redirect").Bool(); given && !follow {
		s.set("follow_redirects", false)
	}
	s.status(t.statuses(v.First("status_codes", "StatusCodes"), who))
	t.contents(s, who)
	t.headers(s, who)
	if user, password := v.First("basic_username", "basic_user"), v.First("basic_password", "basic_pass"); !user.Empty() {
		t.basic(s, t.secretOf(user.Text()+":"+password.Text(), user.At, "the user and password of "+who, who, "authorization"))
	}
	if login := v.One("basic_authentication"); !login.Empty() {
		t.basic(s, t.secretOf(login.Get("username").Text()+":"+login.Get("password").Text(), login.At, "the user and password of "+who, who, "authorization"))
	}
	if valid, given := v.Get("validate_ssl").Bool(); given && !valid {
		t.report.add(Changed, v.Get("validate_ssl").At, who, "validate_ssl", "nobody hears of a certificate in StatusCake; from now on it is verified, and its expiry is told")
	}
	if _, given := v.First("follow_redirects", "follow_redirect").Bool(); t.resource && !given {
		t.report.add(Changed, t.v.At, who, "follow_redirects", "not given, so StatusCake takes a redirect for an answer; from now on it is followed, and what stands at its end counts")
	}
	return s
}

// spoken is a probe of a protocol that greets, by its own kind, or else by what
// the greeting begins with.
func spoken(kind, address string) (string, *Settings) {
	s := settings("address", address)
	greeting := map[string]string{"ssh": "^SSH-", "smtp": "^220"}[kind]
	if greeting == "" || knows(kind, "address") {
		return kind, s
	}
	s.set("dialogue", []*Settings{settings("expect_regexp", greeting)})
	return "tcp", s
}

// payload is the body that is sent: a map is a form.
func (t *cakeTest) payload(s *Settings, v *tree.Value) string {
	if !v.Is(tree.Map) {
		return v.Text()
	}
	var fields []string
	for _, key := range v.Keys() {
		fields = append(fields, key+"="+v.Get(key).Text())
	}
	s.inner("headers").set("Content-Type", "application/x-www-form-urlencoded")
	return strings.Join(fields, "&")
}

// contents reads what the answer must and must not contain.
func (t *cakeTest) contents(s *Settings, who string) {
	if find := t.options.First("find_string", "FindString"); !find.Empty() {
		key := "body"
		if t.options.First("do_not_find", "DoNotFind").True() {
			key = "body_not"
		}
		s.set(key, find.Text())
	}
	matchers := t.options.One("content_matchers")
	if matchers.Empty() {
		return
	}
	key := "body"
	if matchers.Get("matcher").Text() == "NOT_CONTAINS_STRING" {
		key = "body_not"
	}
	s.set(key, matchers.Get("content").Text())
	if headers := matchers.Get("include_headers"); headers.True() {
		t.lose(headers, who, "include_headers", "only the body is searched")
	}
}

func (t *cakeTest) headers(s *Settings, who string) {
	if agent := t.options.First("user_agent", "UserAgent").Text(); agent != "" {
		s.inner("headers").set("User-Agent", agent)
	}
	headers := t.options.First("request_headers", "custom_header", "CustomHeader")
	if headers.Is(tree.String) && !headers.Empty() {
		parsed, err := tree.JSON(headers.At.File, []byte(headers.Peek()))
		if err != nil {
			t.lose(headers, who, "custom_header", "it is not JSON")
			return
		}
		headers.Read()
		headers = parsed.Moved(headers.At, headers.Path)
	}
	for _, name := range headers.Keys() {
		t.header(s, name, headers.Get(name), who)
	}
}

// statuses turns StatusCake's list, of the codes that count as down, around.
func (t *cakeTest) statuses(v *tree.Value, who string) []string {
	const manyErrors = 20 // a list as StatusCake proposes it means: whatever is an error
	var codes []int
	bad := make(map[int]bool)
	errors := 0
	for _, text := range list(v) {
		if code, err := strconv.Atoi(text); err == nil && code >= 100 && code <= 599 && !bad[code] {
			bad[code] = true
			codes = append(codes, code)
			if code >= 400 {
				errors++
			}
		}
	}
	if len(codes) == 0 {
		return nil
	}
	if errors < manyErrors {
		return not(statusOf(codes))
	}
	var good []int
	var forgiven []string
	for code := 200; code < 600; code++ {
		switch {
		case code < 400 && !bad[code]:
			good = append(good, code)
		case code >= 400 && !bad[code] && http.StatusText(code) != "":
			forgiven = append(forgiven, strconv.Itoa(code))
		}
	}
	if len(forgiven) > 0 {
		t.report.add(Changed, v.At, who, "status_codes", "the list of codes that count as down leaves out the errors %s; they count, too, from now on", strings.Join(forgiven, ", "))
	}
	return statusOf(good)
}

// list is a list, or a text with commas.
func list(v *tree.Value) []string {
	var all []string
	for _, text := range v.Texts() {
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part != "" {
				all = append(all, part)
			}
		}
	}
	return all
}

func (t *cakeTest) port(address string) string {
	host := address
	if strings.Contains(address, "://") {
		host = hostOf(address)
	}
	if port := t.options.First("port", "Port").Text(); port != "" && port != "0" {
		return net.JoinHostPort(strings.Trim(host, "[]"), port)
	}
	return withPort(host, map[string]string{"ssh": "22", "smtp": "25"}[strings.ToLower(t.kind)])
}

func (t *cakeTest) server() string {
	server := t.options.Get("dns_server").Text()
	if server == "" {
		return ""
	}
	return withPort(server, "53")
}

// statusCakeNotes are the reasons for what is not read.
func statusCakeNotes() map[string]Note {
	where := Note{NotCarried, "Tocsin asks from where its exporters run: start one in each place, and name them in the catalogue's locations"}
	notes := map[string]Note{
		"regions": where, "node_locations": where, "locations": where, "servers": where,
		"tags":                {NotCarried, "series carry service, probe, team and location; other labels belong to dashboards"},
		"test_tags":           {NotCarried, "series carry service, probe, team and location; other labels belong to dashboards"},
		"enable_cookies":      {NotCarried, "a single request keeps no cookies: write a journey where that matters"},
		"use_jar":             {NotCarried, "a single request keeps no cookies: write a journey where that matters"},
		"final_endpoint":      {NotCarried, "where redirects end is not compared"},
		"include_header":      {NotCarried, "only the body is searched"},
		"alert_config":        {Nothing, "an expiring, expired or broken certificate is always told; mixed content is not looked for"},
		"alert_reminder":      {Nothing, "an expiring certificate is always told"},
		"alert_expiry":        {Nothing, "an expired certificate is always told"},
		"alert_broken":        {Nothing, "a broken certificate is always told"},
		"alert_mixed":         {NotCarried, "mixed content on a page is not looked for"},
		"integrations":        {NotCarried, "an integration's address is known only to StatusCake: give the team its channel"},
		"mobile_numbers":      {NotCarried, "phone numbers stand in the contacts of people, and who is phoned in a rota"},
		"ping_url":            {NotCarried, "no counterpart"},
		"request_payload_raw": {NotCarried, "no counterpart"},
		"post_body":           {NotCarried, "the raw body of the test is sent"},
		"basic_user":          {NotCarried, "the probe does not log in"},
		"basic_pass":          {NotCarried, "the probe does not log in"},
		"host":                {Nothing, "a note about the hosting provider"},
		"follow_redirects":    {Nothing, "a certificate is looked at where the address says"},
		"user_agent":          {Nothing, "a handshake has none"},
		"timeouts":            {Nothing, "Terraform's own"},
		"enabled":             {Nothing, "switched on"},
		"source":              {Nothing, "Terraform's own"},
		"version":             {Nothing, "Terraform's own"},
		"virus":               {NotCarried, "malware is not looked for"},
		"real_browser":        {NotCarried, "no counterpart"},
		"public":              {NotCarried, "there is no public page"},
		"branding":            {NotCarried, "there is no public page"},
		"logo_image":          {NotCarried, "there is no public page"},
	}
	for _, key := range strings.Fields("id test_id TestID status Status uptime Uptime last_tested_at last_tested next_location processing processing_state processing_on down_times ContactID NormalisedResponse check_url url issuer_common_name certificate_score certificate_status cipher cipher_score valid_from valid_until valid_until_utc last_reminder last_updated_utc updated_at mixed_content flags website_host Public") {
		notes[key] = Note{Nothing, "an identity, a state or a result"}
	}
	return notes
}
