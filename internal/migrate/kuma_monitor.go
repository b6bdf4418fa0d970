package migrate

import (
	"cmp"
	"encoding/json"
	"net"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// The types of monitors. Each fills in the check, or returns the reason why
// there is none.

func (m *kumaMonitor) http() string {
	address := m.v.Get("url").Text()
	s := m.request(address, m.v.Get("url").At, m.name)
	m.check.URL = withoutSecrets(address)
	if method := strings.ToUpper(m.v.Get("method").Text()); method != "GET" {
		s.set("method", method)
	}
	m.headers(s)
	m.identity(s)
	s.status(m.statuses())
	if redirects, given := m.v.Get("maxredirects").Number(); given && redirects == 0 {
		s.set("follow_redirects", false)
	} else if given && redirects != 10 && knows("http", "max_redirects") {
		s.set("max_redirects", min(int(redirects), 20))
	}
	m.body(s)
	if keyword := m.v.Get("keyword").Text(); keyword != "" && m.v.Get("type").Text() == "keyword" {
		key := "body"
		if m.v.Get("invertKeyword").True() {
			key = "body_not"
		}
		s.set(key, keyword)
	}
	if path := m.v.Get("jsonPath"); m.v.Get("type").Text() == "json-query" && !path.Empty() {
		m.expectJSON(s, settings("path", jsonPath(path.Text()), "operator", cmp.Or(m.v.Get("jsonPathOperator").Text(), "=="), "value", m.v.Get("expectedValue").Text()), reflect.TypeFor[catalog.HTTPProbe](), m.name, path.At)
	}
	if m.v.Get("ignoreTls").True() {
		m.report.add(ToDo, m.v.Get("ignoreTls").At, m.name, "ignoreTls", "a certificate is always verified: give ca_file when a private authority signs it")
	}
	if m.v.Get("expiryNotification").True() {
		m.check.Certificate = 21 * 24 * time.Hour
	}
	m.proxy(s)
	if family := m.v.Get("ipFamily"); strings.HasPrefix(family.Peek(), "ipv") {
		s.set("ip", strings.TrimPrefix(family.Text(), "ipv"))
	}
	m.check.Kind, m.check.Settings = "http", s
	if m.v.Get("domainExpiryNotification").True() {
		m.kuma.check(&Check{Service: m.name, Group: m.check.Group, Team: m.told(), Probe: "domain", Means: "degraded", Kind: "domain", Settings: settings("name", registered(hostOf(address))), At: m.v.At})
	}
	return ""
}

// jsonPath is an expression of JSONata, when it is a plain path, as a JSON
// path.
func jsonPath(text string) string {
	if strings.HasPrefix(text, "$") {
		return text
	}
	return "$." + text
}

// body reads what is sent.
func (m *kumaMonitor) body(s *Settings) {
	body := m.v.Get("body").Text()
	s.set("send", body)
	switch encoding := m.v.Get("httpBodyEncoding").Text(); {
	case body == "":
	case encoding == "form":
		s.inner("headers").set("Content-Type", "application/x-www-form-urlencoded")
	case encoding == "xml":
		s.inner("headers").set("Content-Type", "text/xml; charset=utf-8")
	default:
		s.inner("headers").set("Content-Type", "application/json")
	}
}

// identity reads the ways of proving who is asking.
func (m *kumaMonitor) identity(s *Settings) {
	user, password := m.v.Get("basic_auth_user"), m.v.Get("basic_auth_pass")
	switch method := m.v.Get("authMethod").Text(); {
	case method == "oauth2-cc":
		m.oauth2(s, m.v.Get("oauth_token_url").Text(), m.v.Get("oauth_client_id").Text(),
			m.secret(m.v.Get("oauth_client_secret"), "the OAuth 2 client secret of "+m.name, m.name, "client-secret"), strings.Fields(m.v.Get("oauth_scopes").Text()))
	case method == "mtls":
		for _, part := range [][2]string{{"cert_file", "tlsCert"}, {"key_file", "tlsKey"}, {"ca_file", "tlsCa"}} {
			if pem := m.v.Get(part[1]); !pem.Empty() {
				s.set(part[0], m.secret(pem, part[1]+" of "+m.name, m.name, part[1]))
			}
		}
	case method == "ntlm":
		m.lose(m.v.Get("authMethod"), m.name, "authMethod", "NTLM has no counterpart: the check asks without credentials, so see that it still succeeds")
		user.Read()
		password.Read()
	case !user.Empty() || !password.Empty():
		m.basic(s, m.secretOf(user.Text()+":"+password.Text(), user.At, "the user and password of "+m.name, m.name, "authorization"))
	}
	if token := m.v.Get("bearer_token"); !token.Empty() {
		m.bearer(s, m.secret(token, "the bearer token of "+m.name, m.name, "authorization"))
	}
}

func (m *kumaMonitor) proxy(s *Settings) {
	proxy := m.proxies[m.v.Get("proxyId").Text()]
	if proxy == nil {
		return
	}
	access := settings("url", proxy.Get("protocol").Text()+"://"+net.JoinHostPort(proxy.Get("host").Text(), proxy.Get("port").Text()))
	if proxy.Get("auth").True() {
		access.set("user", proxy.Get("username").Text())
		access.set("password", m.secret(proxy.Get("password"), "the password of the proxy of "+m.name, "proxy", "password"))
	}
	proxy.Read()
	s.set("proxy", access)
}

// address is host:port of the monitor.
func (m *kumaMonitor) address(port string) string {
	if given := m.v.Get("port").Text(); given != "" && given != "0" {
		port = given
	}
	return net.JoinHostPort(strings.Trim(m.v.Get("hostname").Text(), "[]"), port)
}

func (m *kumaMonitor) set(kind string, s *Settings) string {
	m.check.Kind, m.check.Settings = kind, s
	return ""
}

func (m *kumaMonitor) port() string { return m.set("tcp", settings("address", m.address(""))) }

func (m *kumaMonitor) ping() string {
	s := settings("host", m.v.Get("hostname").Text())
	if size := m.v.Get("packetSize"); size.Peek() != "56" {
		s.set("size", size.Int())
	}
	return m.set("icmp", s)
}

// sasl reads how a kafka monitor logs in.
func (m *kumaMonitor) sasl(s *Settings) {
	options := m.v.Get("kafkaProducerSaslOptions")
	switch mechanism := options.Get("mechanism").Peek(); {
	case mechanism == "" || mechanism == "None":
	case slices.Contains(catalog.SASLMechanisms(), mechanism):
		s.set("mechanism", options.Get("mechanism").Text())
		s.set("user", options.Get("username").Text())
		s.set("password", m.secret(options.Get("password"), "the Kafka password of "+m.name, m.name, "password"))
	default:
		m.lose(options, m.name, "kafkaProducerSaslOptions", "a kafka probe logs in by "+strings.Join(catalog.SASLMechanisms(), ", ")+" only")
	}
}

func (m *kumaMonitor) ntp() string { return m.set("ntp", settings("address", m.address("123"))) }

func (m *kumaMonitor) sip() string { return m.set("sip", settings("address", m.address("5060"))) }

func (m *kumaMonitor) dns() string {
	kind := m.v.Get("dns_resolve_type").Text()
	if kind == "A" {
		kind = ""
	}
	server := ""
	servers := m.v.Get("dns_resolve_server")
	given, others, _ := strings.Cut(servers.Text(), ",")
	if given != "" {
		server = withPort(strings.TrimSpace(given), cmp.Or(strings.TrimPrefix(m.v.Get("port").Text(), "0"), "53"))
	}
	if others != "" {
		m.report.add(Changed, servers.At, m.name, "dns_resolve_server", "a probe asks one name server, %s: make a probe of its own of each of the others (%s)", server, strings.TrimSpace(others))
	}
	return m.set("dns", settings("name", m.v.Get("hostname").Text(), "type", kind, "server", server))
}

// push is a monitor that a job calls.
func (m *kumaMonitor) push() string {
	every := m.check.Interval
	m.check.Interval, m.check.Timeout, m.check.Confirm = 0, 0, 0
	m.v.Get("pushToken").Read()
	m.report.add(ToDo, m.v.At, m.name, "", "the job now calls POST /heartbeat/NAME of the exporter in the place of uptime-kuma's push address")
	return m.set("heartbeat", settings("every", every))
}

func (m *kumaMonitor) grpc() string {
	address := m.v.Get("grpcUrl").Text()
	s := settings("address", strings.TrimPrefix(strings.TrimPrefix(address, "grpc://"), "grpcs://"))
	if m.v.Get("grpcEnableTls").True() {
		s.set("tls", true)
	}
	for _, key := range []string{"grpcProtobuf", "grpcServiceName", "grpcMethod", "grpcBody", "grpcMetadata", "keyword"} {
		if v := m.v.Get(key); !v.Empty() {
			m.lose(v, m.name, key, "a grpc probe asks the health protocol, and no method of the service")
		}
	}
	return m.set("grpc", s)
}

func (m *kumaMonitor) mqtt() string {
	host := m.v.Get("hostname").Text()
	scheme, rest, has := strings.Cut(host, "://")
	if has {
		host = rest
	}
	port := cmp.Or(m.v.Get("port").Text(), "1883")
	s := settings("address", net.JoinHostPort(host, port))
	if scheme == "mqtts" || scheme == "wss" {
		s.set("tls", true)
	}
	s.set("user", m.v.Get("mqttUsername").Text())
	if password := m.v.Get("mqttPassword"); !password.Empty() {
		s.set("password", m.secret(password, "the MQTT password of "+m.name, m.name, "password"))
	}
	for _, key := range []string{"mqttTopic", "mqttSuccessMessage"} {
		if v := m.v.Get(key); !v.Empty() {
			m.lose(v, m.name, key, "uptime-kuma waits for a message of somebody else; Tocsin pings the broker, or sends a message to a topic of its own (topic) and waits for it")
		}
	}
	return m.set("mqtt", s)
}

// database reads the kinds that log in with a connection string.
func (m *kumaMonitor) database() string {
	kind := map[string]string{"sqlserver": "mssql"}[m.v.Get("type").Text()]
	kind = cmp.Or(kind, m.v.Get("type").Text())
	connection := m.v.Get("databaseConnectionString")
	if connection.Empty() {
		return "it has no connection string"
	}
	var s *Settings
	if knows(kind, "dsn") {
		s = settings("dsn", m.secret(connection, "the connection string of "+m.name, m.name, "dsn"))
	} else if s = m.parts(connection, kind); s == nil {
		return "its connection string is of a form that tocsin import does not know"
	}
	if v := m.v.Get("databaseQuery"); kind == "mongodb" && !v.Empty() {
		m.lose(v, m.name, "databaseQuery", "a mongodb probe pings, or looks into a collection")
	} else if query := v.Text(); query != "" {
		key := "query"
		if !knows(kind, key) {
			key = "command"
		}
		s.set(key, query)
	}
	return m.set(kind, s)
}

func (m *kumaMonitor) smtp() string {
	s := settings("address", m.address("25"))
	switch m.v.Get("smtpSecurity").Text() {
	case "starttls":
		s.set("starttls", true)
	case "secure":
		s.set("tls", true)
	}
	return m.set("smtp", s)
}

// snmp reads one object, whose value uptime-kuma compares as if it were JSON.
func (m *kumaMonitor) snmp() string {
	object := settings("oid", m.v.Get("snmpOid").Text())
	operator, value := m.v.Get("jsonPathOperator"), m.v.Get("expectedValue")
	switch comparison, err := catalog.ParseComparison(cmp.Or(operator.Text(), "==") + " " + value.Text()); {
	case value.Empty():
	case err != nil || cmp.Or(m.v.Get("jsonPath").Text(), "$") != "$":
		m.lose(value, m.name, "expectedValue", "a value is compared whole, by <, <=, >, >=, == or !=")
	default:
		object.set("value", comparison.String())
	}
	s := settings("address", m.address("161"), "get", []*Settings{object})
	if version := m.v.Get("snmpVersion"); version.Text() != "2c" && !version.Empty() {
		m.report.add(Changed, version.At, m.name, "snmpVersion", "asked by version 2c; by version 3 with a user, a password and encryption_password")
	}
	if community := m.v.Get("radiusPassword"); !community.Empty() {
		s.set("community", m.secret(community, "the SNMP community of "+m.name, m.name, "community"))
	}
	return m.set("snmp", s)
}

// rabbit asks the management interface, as uptime-kuma does.
func (m *kumaMonitor) rabbit() string {
	nodes := textList(m.v.Get("rabbitmqNodes"))
	if len(nodes) == 0 {
		return "it names no node"
	}
	for i, node := range nodes {
		check := *m.check
		check.Probe = named(hostOf(node))
		check.Kind, check.Settings = "http", m.request(strings.TrimSuffix(node, "/")+"/api/health/checks/alarms", m.v.At, m.name)
		m.basic(check.Settings, m.secretOf(m.v.Get("rabbitmqUsername").Text()+":"+m.v.Get("rabbitmqPassword").Text(), m.v.At, "the user and password of "+m.name, m.name, "authorization"))
		check.Team = m.told()
		if i == len(nodes)-1 {
			*m.check = check
			break
		}
		m.intake.check(&check)
	}
	return ""
}

func (m *kumaMonitor) kafka() string {
	brokers := textList(m.v.Get("kafkaProducerBrokers"))
	if len(brokers) == 0 {
		return "it names no broker"
	}
	s := settings("brokers", brokers, "topic", m.v.Get("kafkaProducerTopic").Text())
	m.sasl(s)
	if m.v.Get("kafkaProducerSsl").True() {
		s.set("tls", true)
	}
	m.report.add(Changed, m.v.At, m.name, "", "a kafka probe asks for the metadata of the topic and produces no message")
	m.v.Get("kafkaProducerMessage").Read()
	return m.set("kafka", s)
}

func (m *kumaMonitor) websocket() string {
	return m.set("websocket", settings("url", m.v.Get("url").Text(), "subprotocol", m.v.Get("wsSubprotocol").Text()))
}

func (m *kumaMonitor) browser() string {
	address := m.v.Get("url").Text()
	if u, err := url.Parse(address); err != nil || u.Host == "" {
		return "it has no address"
	}
	m.check.URL = address
	return m.set("browser", settings("browser", []*Settings{settings("open", address)}))
}

// textList is a list, or a JSON list in a text.
func textList(v *tree.Value) []string {
	if v.Is(tree.String) {
		var list []string
		if json.Unmarshal([]byte(v.Peek()), &list) == nil {
			v.Read()
			return list
		}
	}
	return v.Texts()
}

// kumaDefaults are what uptime-kuma writes for everybody.
func kumaDefaults() map[string]string {
	return map[string]string{"resendInterval": "0", "packetSize": "56", "maxredirects": "10", "weight": "2000", "ipFamily": "auto", "mqttCheckType": "keyword", "ping_count": "1", "ping_numeric": "true", "ping_per_request_timeout": "2"}
}

// kumaNotes are the reasons for what is not read.
func kumaNotes() map[string]Note {
	identity := Note{Nothing, "an identity, a state or the look of uptime-kuma's pages"}
	notUsed := Note{Nothing, "a field that this type of monitor does not use"}
	notes := map[string]Note{
		"resendInterval":           {NotCarried, "who is reminded, and when, is the team's escalation"},
		"description":              {NotCarried, "messages say what failed; give the service a runbook for what to do"},
		"tags":                     {NotCarried, "series carry service, probe, team and location; other labels belong to dashboards"},
		"packetSize":               {NotCarried, "pings are of the usual size"},
		"cacheBust":                {NotCarried, "no counterpart: give the address a query of its own"},
		"expiryNotification":       {NotCarried, "only what is asked over TLS has a certificate"},
		"tagList":                  {NotCarried, "series carry service, probe, team and location; other labels belong to dashboards"},
		"statusPageList":           {LeftOut, "a status page for the public is not Tocsin's"},
		"maintenanceList":          {NotCarried, "write the window into the catalogue's maintenance (docs/catalogue.md)"},
		"proxyList":                {Nothing, "no monitor uses the proxy"},
		"conditions":               {NotCarried, "no counterpart"},
		"mqttCheckType":            {NotCarried, "the message is compared as a text"},
		"ipFamily":                 {NotCarried, "a name's addresses are tried in the machine's order"},
		"maxredirects":             {NotCarried, "redirects are followed up to the probe's own limit"},
		"screenshot":               {Nothing, "a state"},
		"config":                   {Nothing, "how uptime-kuma's own messages look"},
		"smtpIgnoreTLSError":       {NotCarried, "the relay's certificate is always verified"},
		"ping_count":               {NotCarried, "how many packets a run sends is the icmp probe's own"},
		"ping_numeric":             {Nothing, "an address is asked as it is written"},
		"ping_per_request_timeout": {NotCarried, "a run has one timeout"},
		"remote_browser":           {NotCarried, "Tocsin starts its own browser"},
	}
	for _, key := range strings.Fields("id version userId user_id weight parent pathName path childrenIDs forceInactive maintenance dns_last_result includeSensitiveData isDefault active applyExisting color monitor_id tag_id created_date createdDate expectedTlsAlert saveResponse saveErrorResponse responseMaxLength headers body") {
		notes[key] = identity
	}
	for _, key := range strings.Fields("url method hostname port keyword invertKeyword accepted_statuscodes dns_resolve_type dns_resolve_server docker_container docker_host proxyId mqttTopic mqttSuccessMessage mqttUsername mqttPassword mqttWebsocketPath databaseQuery databaseConnectionString authMethod authWorkstation authDomain grpcUrl grpcProtobuf grpcMethod grpcServiceName grpcEnableTls grpcBody grpcMetadata radiusCalledStationId radiusCallingStationId radiusUsername radiusPassword radiusSecret game gamedigGivenPortOnly httpBodyEncoding jsonPath jsonPathOperator expectedValue kafkaProducerTopic kafkaProducerBrokers kafkaProducerSsl kafkaProducerAllowAutoTopicCreation kafkaProducerMessage basic_auth_user basic_auth_pass oauth_client_id oauth_client_secret oauth_token_url oauth_scopes oauth_auth_method oauth_audience pushToken tlsCa tlsCert tlsKey ignoreTls snmpOid snmpVersion rabbitmqNodes rabbitmqUsername rabbitmqPassword smtpSecurity manual_status timeout retryOnlyOnStatusCodeFailure kafkaProducerSaslOptions gamedigToken subtype location protocol system_service_name wsIgnoreSecWebsocketAcceptHeader wsSubprotocol bearer_token retryInterval") {
		notes[key] = notUsed
	}
	return notes
}
