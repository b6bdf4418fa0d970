package catalog

// Means is what a probe's failure says about its service.
type Means string

// The values of Means; MeansDown is the default.
const (
	MeansDown     Means = "down"
	MeansDegraded Means = "degraded"
	MeansInfo     Means = "info"
)

func (m *Means) parse(text string) (err error) {
	*m, err = choice(text, MeansDown, MeansDegraded, MeansInfo)
	return err
}

// Probe is one question asked of a service again and again: exactly one kind
// is set. After loading, Interval, Timeout, Confirm, Means, Slow and Locations
// hold their defaults.
type Probe struct {
	Name      string   `yaml:"-"`
	Service   string   `yaml:"-"`
	Means     Means    `yaml:"means,omitempty"`
	Interval  Duration `yaml:"interval,omitempty"`
	Timeout   Duration `yaml:"timeout,omitempty"` // of one attempt; longer than the latency budget by default
	Confirm   int      `yaml:"confirm,omitempty"`
	Slow      Duration `yaml:"slow,omitempty"`      // latency budget of a success; thresholds.latency (per journey step) by default
	Locations []string `yaml:"locations,omitempty"` // every location by default

	Variables map[string]Text `yaml:"variables,omitempty"` // of a journey, besides what its steps extract
	Access    *Access         `yaml:"access,omitempty"`    // of all requests of a journey

	HTTP      *HTTPProbe      `yaml:"http,omitempty"`
	Health    *HealthProbe    `yaml:"health,omitempty"`
	Journey   Journey         `yaml:"journey,omitempty"` // after loading with the shared steps in place
	TCP       *TCPProbe       `yaml:"tcp,omitempty"`
	TLS       *TLSProbe       `yaml:"tls,omitempty"`
	DNS       *DNSProbe       `yaml:"dns,omitempty"`
	ICMP      *ICMPProbe      `yaml:"icmp,omitempty"`
	UDP       *UDPProbe       `yaml:"udp,omitempty"`
	GRPC      *GRPCProbe      `yaml:"grpc,omitempty"`
	WebSocket *WebSocketProbe `yaml:"websocket,omitempty"`
	SMTP      *SMTPProbe      `yaml:"smtp,omitempty"`
	NTP       *NTPProbe       `yaml:"ntp,omitempty"`
	SSH       *SSHProbe       `yaml:"ssh,omitempty"`
	LDAP      *LDAPProbe      `yaml:"ldap,omitempty"`
	SNMP      *SNMPProbe      `yaml:"snmp,omitempty"`
	Domain    *DomainProbe    `yaml:"domain,omitempty"`
	Postgres  *PostgresProbe  `yaml:"postgres,omitempty"`
	MySQL     *MySQLProbe     `yaml:"mysql,omitempty"`
	Redis     *RedisProbe     `yaml:"redis,omitempty"`
	MongoDB   *MongoDBProbe   `yaml:"mongodb,omitempty"`
	AMQP      *AMQPProbe      `yaml:"amqp,omitempty"`
	NATS      *NATSProbe      `yaml:"nats,omitempty"`
	MQTT      *MQTTProbe      `yaml:"mqtt,omitempty"`
	MSSQL     *MSSQLProbe     `yaml:"mssql,omitempty"`
	Kafka     *KafkaProbe     `yaml:"kafka,omitempty"`
	SIP       *SIPProbe       `yaml:"sip,omitempty"`
	Exec      *ExecProbe      `yaml:"exec,omitempty"`
	PromQL    *PromQLProbe    `yaml:"promql,omitempty"`
	Heartbeat *HeartbeatProbe `yaml:"heartbeat,omitempty"`
	Browser   Browser         `yaml:"browser,omitempty"`

	written Journey // as the files have it
}

// settings are what a kind of probe can be told; each kind's stand in a file of
// their own, probe_KIND.go.
type settings interface {
	complete()                     // fills in the defaults
	check(c *checker, path string) // notes every mistake
}

// timed are settings that take a known part of the timeout.
type timed interface {
	checkTime(c *checker, path string, timeout Duration)
}

// probeKind is one row of the table of kinds.
type probeKind struct {
	name     string
	set      bool // this probe is of the kind
	settings settings
	interval Duration // the default where it is longer than defaults.probe.interval
}

// kinds lists every kind in the order of the documentation.
func (p *Probe) kinds() []probeKind {
	return []probeKind{
		{"http", p.HTTP != nil, p.HTTP, 0},
		{"health", p.Health != nil, p.Health, 0},
		{"journey", p.Journey != nil, journeySettings{p}, gentleInterval},
		{"tcp", p.TCP != nil, p.TCP, 0},
		{"tls", p.TLS != nil, p.TLS, 0},
		{"dns", p.DNS != nil, p.DNS, 0},
		{"icmp", p.ICMP != nil, p.ICMP, 0},
		{"udp", p.UDP != nil, p.UDP, 0},
		{"grpc", p.GRPC != nil, p.GRPC, 0},
		{"websocket", p.WebSocket != nil, p.WebSocket, 0},
		{"smtp", p.SMTP != nil, p.SMTP, gentleInterval},
		{"ntp", p.NTP != nil, p.NTP, gentleInterval},
		{"ssh", p.SSH != nil, p.SSH, gentleInterval},
		{"ldap", p.LDAP != nil, p.LDAP, 0},
		{"snmp", p.SNMP != nil, p.SNMP, 0},
		{"domain", p.Domain != nil, p.Domain, domainInterval},
		{"postgres", p.Postgres != nil, p.Postgres, 0},
		{"mysql", p.MySQL != nil, p.MySQL, 0},
		{"redis", p.Redis != nil, p.Redis, 0},
		{"mongodb", p.MongoDB != nil, p.MongoDB, 0},
		{"amqp", p.AMQP != nil, p.AMQP, 0},
		{"nats", p.NATS != nil, p.NATS, 0},
		{"mqtt", p.MQTT != nil, p.MQTT, 0},
		{"mssql", p.MSSQL != nil, p.MSSQL, 0},
		{"kafka", p.Kafka != nil, p.Kafka, 0},
		{"sip", p.SIP != nil, p.SIP, 0},
		{"exec", p.Exec != nil, p.Exec, gentleInterval},
		{"promql", p.PromQL != nil, p.PromQL, 0},
		{"heartbeat", p.Heartbeat != nil, p.Heartbeat, 0},
		{"browser", p.Browser != nil, p.Browser, browserInterval},
	}
}

// kind is the one kind that is set; its settings are nil where none is.
func (p *Probe) kind() probeKind {
	for _, k := range p.kinds() {
		if k.set {
			return k
		}
	}
	return probeKind{}
}

// Kind is the name of the one kind that is set, as it stands in the catalogue.
func (p *Probe) Kind() string { return p.kind().name }

// ProbeKinds are the names of every kind.
func ProbeKinds() []string {
	var list []string
	for _, k := range new(Probe).kinds() {
		list = append(list, k.name)
	}
	return list
}
