package probe

import (
	"slices"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// Awakening is what the times of runs are multiples of: waking up costs as much
// as asking, and those that start at the same instant share it. A machine with
// two processors that asks two hundred times a second starts four at once, each
// of which is done in less than a millisecond.
const Awakening = 20 * time.Millisecond

// Kind is one way of asking. Reasons and Phases are all that it can give, so
// that its series exist from the start.
type Kind struct {
	Name    string
	Summary string // one sentence for the documentation
	Reasons []Reason
	Phases  []Phase
	// Measures are the numbers that the kind can give besides the time.
	Measures []Measure
	// Together is what the times of the runs are multiples of, where that is not
	// Awakening. Where waking up costs more than the run, many that start at once
	// cost less.
	Together time.Duration
	// build makes the attempt; its errors carry their place in the catalogue.
	build func(s site) (Func, error)
	// host is what the limit of attempts per host counts by; empty for none.
	host func(p *catalog.Probe) string
}

// site is what a constructor gets: the probe, where it stands in the catalogue,
// the keeper of its secrets, and what the probes of a builder share.
type site struct {
	catalog *catalog.Catalog
	probe   *catalog.Probe
	path    string
	secrets *secrets
	shared  *shared
}

// errorf is an error at a place below the probe, such as "http.url".
func (s site) errorf(below, format string, args ...any) error {
	return s.catalog.Errorf(s.path+"."+below, format, args...)
}

// Kinds lists every kind.
func Kinds() []Kind {
	var (
		network = []Reason{ReasonDNS, ReasonConnect, ReasonTimeout}
		answer  = []Reason{ReasonTLS, ReasonProtocol, ReasonStatus, ReasonBody, ReasonBlocked}
		server  = []Reason{ReasonTLS, ReasonProtocol, ReasonStatus, ReasonBody}
		spoken  = []Phase{Resolve, Connect, TLS, FirstByte}
		phases  = []Phase{Resolve, Connect, TLS, FirstByte, Transfer}
	)
	return []Kind{
		{Name: "http", Summary: "One request; its status, headers, body and certificate.", Reasons: reasons(network, answer), Phases: phases, build: newHTTP, host: httpHost},
		{Name: "health", Summary: "The health document of a framework: the service's own word for itself and for each of its components.", Reasons: reasons(network, answer), Phases: phases, build: newHealth, host: healthHost},
		{Name: "journey", Summary: "Several requests as one visitor makes them, with cookies and values carried from step to step.", Reasons: reasons(network, answer), Phases: phases, build: newJourney, host: journeyHost},
		{Name: "tcp", Summary: "A connection; what is sent over it and what must come back, step by step; TLS, also after a protocol changed over (STARTTLS).", Reasons: reasons(network, []Reason{ReasonTLS, ReasonProtocol, ReasonStatus, ReasonBody}), Phases: []Phase{Resolve, Connect, TLS, FirstByte}, build: newTCP, host: tcpHost},
		{Name: "tls", Summary: "A TLS handshake, also after a protocol changed over (STARTTLS); the certificate's name, chain and validity, and the version.", Reasons: reasons(network, []Reason{ReasonTLS, ReasonProtocol, ReasonStatus}), Phases: []Phase{Resolve, Connect, TLS, FirstByte}, build: newTLS, host: tlsHost},
		{Name: "dns", Summary: "One question to a name server, its answers, its code and whether they are validated; over UDP, TCP or TLS.", Reasons: reasons(network, []Reason{ReasonTLS, ReasonProtocol, ReasonStatus, ReasonBody}), Phases: []Phase{Resolve, Connect, TLS, FirstByte}, build: newDNS, host: dnsHost},
		{Name: "icmp", Summary: "Echo requests, as ping sends them; how many are answered, and how evenly. Its time is the mean round trip.", Reasons: reasons(network), Phases: []Phase{Resolve, FirstByte}, Measures: []Measure{PacketLoss, PacketJitter}, Together: volleys, build: newICMP, host: icmpHost},
		{Name: "udp", Summary: "Datagrams, and what must come back, step by step.", Reasons: reasons(network, []Reason{ReasonProtocol, ReasonBody}), Phases: []Phase{Resolve, Connect, FirstByte}, build: newUDP, host: udpHost},
		{Name: "grpc", Summary: "The health of a gRPC server or of one of its services, by grpc.health.v1.", Reasons: reasons(network, []Reason{ReasonTLS, ReasonProtocol, ReasonStatus}), Phases: []Phase{Resolve, Connect, TLS, FirstByte}, build: newGRPC, host: grpcHost},
		{Name: "websocket", Summary: "A WebSocket: its upgrade, a message and its answer, or a ping.", Reasons: reasons(network, []Reason{ReasonTLS, ReasonProtocol, ReasonStatus, ReasonBody}), Phases: []Phase{Resolve, Connect, TLS, FirstByte}, build: newWebSocket, host: webSocketHost},
		{Name: "smtp", Summary: "A conversation with a mail server: greeting, TLS, login, sender and recipient; no mail is sent.", Reasons: reasons(network, []Reason{ReasonTLS, ReasonProtocol, ReasonStatus, ReasonBlocked}), Phases: []Phase{Resolve, Connect, TLS, FirstByte}, build: newSMTP, host: smtpHost},
		{Name: "ntp", Summary: "The time of a time server, against the exporter's own clock; its stratum, and whether it knows the time.", Reasons: reasons(network, []Reason{ReasonProtocol, ReasonStatus, ReasonBody, ReasonBlocked}), Phases: []Phase{Resolve, Connect, FirstByte}, Measures: []Measure{ClockOffset}, build: newNTP, host: ntpHost},
		{Name: "ssh", Summary: "A handshake with an SSH server: its version and its key; a login where a user is named.", Reasons: reasons(network, []Reason{ReasonProtocol, ReasonStatus, ReasonBody}), Phases: []Phase{Resolve, Connect, FirstByte}, build: newSSH, host: sshHost},
		{Name: "ldap", Summary: "A login to a directory; the entries of a search, or an attribute of one.", Reasons: reasons(network, server), Phases: spoken, Measures: []Measure{Value}, build: newLDAP, host: ldapHost},
		{Name: "snmp", Summary: "The values of an SNMP agent (GET), by version 2c or 3.", Reasons: reasons(network, []Reason{ReasonProtocol, ReasonStatus, ReasonBody}), Phases: []Phase{Resolve, Connect, FirstByte}, Measures: []Measure{Value}, build: newSNMP, host: snmpHost},
		{Name: "domain", Summary: "Until when a domain is registered, and whether it is on hold or to be deleted, by its registry (RDAP); at most once a day while all is well.", Reasons: reasons([]Reason{ReasonTimeout, ReasonStatus, ReasonBody, ReasonBlocked}), Phases: phases, Measures: []Measure{DomainExpiry}, build: newDomain, host: domainHost},
		{Name: "postgres", Summary: "A login and one query, which answers at least one row; replication lag.", Reasons: reasons(network, server), Phases: spoken, Measures: []Measure{Value, ReplicationLag}, build: newPostgres, host: postgresHost},
		{Name: "mysql", Summary: "A login to a MySQL or MariaDB and one query, which answers at least one row; replication lag.", Reasons: reasons(network, server), Phases: spoken, Measures: []Measure{Value, ReplicationLag}, build: newMySQL, host: mysqlHost},
		{Name: "redis", Summary: "A login and one command that only reads; role and replication lag.", Reasons: reasons(network, server), Phases: spoken, Measures: []Measure{Value, ReplicationLag}, build: newRedis, host: redisHost},
		{Name: "mongodb", Summary: "A login and a ping; the number of documents of a collection; role and replication lag.", Reasons: reasons(network, server), Phases: spoken, Measures: []Measure{Value, ReplicationLag}, build: newMongoDB, host: mongoHost},
		{Name: "amqp", Summary: "A login to a broker and a channel; the messages and consumers of a queue.", Reasons: reasons(network, server), Phases: spoken, Measures: []Measure{Value}, build: newAMQP, host: amqpHost},
		{Name: "nats", Summary: "A login and a ping; the messages of a stream.", Reasons: reasons(network, server), Phases: spoken, Measures: []Measure{Value}, build: newNATS, host: natsHost},
		{Name: "mqtt", Summary: "A login to a broker and a ping; a message that comes back.", Reasons: reasons(network, server), Phases: spoken, build: newMQTT, host: mqttHost},
		{Name: "mssql", Summary: "A login to a SQL Server and one query, which answers at least one row; lag in availability groups.", Reasons: reasons(network, server), Phases: spoken, Measures: []Measure{Value, ReplicationLag}, build: newMSSQL, host: mssqlHost},
		{Name: "kafka", Summary: "A login to a cluster, its brokers, the partitions of a topic; how far a consumer group is behind.", Reasons: reasons(network, server), Phases: spoken, Measures: []Measure{Value}, build: newKafka, host: kafkaHost},
		{Name: "sip", Summary: "A SIP server's answer to OPTIONS, over UDP, TCP or TLS; nobody's phone rings.", Reasons: reasons(network, []Reason{ReasonTLS, ReasonProtocol, ReasonStatus}), Phases: spoken, build: newSIP, host: sipHost},
		{Name: "exec", Summary: "A command of ours; its exit status as monitoring plugins give it, and its performance data.", Reasons: reasons([]Reason{ReasonTimeout, ReasonStatus}), build: newExec},
		{Name: "promql", Summary: "A query to a Prometheus, whose every value is compared.", Reasons: reasons(network, answer), Phases: phases, Measures: []Measure{Value}, build: newPromQL, host: promqlHost},
		{Name: "heartbeat", Summary: "The other way round: what a job said last, and whether it is in time.", Reasons: reasons([]Reason{ReasonFailed, ReasonLate, ReasonOverrun, ReasonUnseen}), Measures: []Measure{JobDuration, JobSuccess}, build: newHeartbeat},
		{Name: "browser", Summary: "What a visitor does in a real Chromium, for pages that need JavaScript.", Reasons: reasons(network, answer), build: newBrowser, host: browserHost},
	}
}

// reasons is the sorted union of lists; our own faults are always possible.
func reasons(lists ...[]Reason) []Reason {
	all := append(slices.Concat(lists...), ReasonInternal)
	slices.Sort(all)
	return slices.Compact(all)
}

// KindOf is the kind of a probe of a loaded catalogue.
func KindOf(p *catalog.Probe) Kind {
	for _, k := range Kinds() {
		if k.Name == p.Kind() {
			return k
		}
	}
	return Kind{Name: p.Kind(), Reasons: reasons()}
}

// Path is the probe's place in the catalogue.
func Path(p *catalog.Probe) string { return "services." + p.Service + ".probes." + p.Name }
