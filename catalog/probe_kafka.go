package catalog

import "strings"

// KafkaProbe asks a cluster for its brokers, by way of the first of Brokers
// that answers. Where a topic is named it must exist, and each of its partitions
// must have a leader: Value is what the number of partitions that have lost a
// replica must fulfil, or where a consumer group is named too, the number of
// messages that it has not committed yet.
type KafkaProbe struct {
	Brokers    []string    `yaml:"brokers"`
	User       string      `yaml:"user,omitempty"`
	Password   *Secret     `yaml:"password,omitempty"`
	Mechanism  string      `yaml:"mechanism,omitempty"` // plain, scram-sha-256 or scram-sha-512 (default)
	TLS        *Encryption `yaml:"tls,omitempty"`
	MinBrokers int         `yaml:"min_brokers,omitempty"` // of the cluster; 1 by default
	Topic      string      `yaml:"topic,omitempty"`
	Group      string      `yaml:"group,omitempty"`
	Value      Comparison  `yaml:"value,omitempty"`
}

// The values of KafkaProbe.Mechanism.
const (
	SASLPlain       = "plain"
	SASLScramSHA256 = "scram-sha-256"
	SASLScramSHA512 = "scram-sha-512"
)

// SASLMechanisms are what KafkaProbe.Mechanism may be.
func SASLMechanisms() []string { return []string{SASLPlain, SASLScramSHA256, SASLScramSHA512} }

// maxBrokers bounds those that are tried one after the other.
const maxBrokers = 10

func (p *KafkaProbe) complete() {
	if p.User != "" {
		p.Mechanism = or(p.Mechanism, SASLScramSHA512)
	}
	p.MinBrokers = or(p.MinBrokers, 1)
}

func (p *KafkaProbe) check(c *checker, path string) {
	place := below(path, "brokers")
	if n := len(p.Brokers); n == 0 && c.given(place) {
		c.add(place, "the list is empty (want at least one host:port)")
	} else if n > maxBrokers {
		c.add(place, "too many brokers (got %d, want at most %d: any of them knows the others)", n, maxBrokers)
	}
	for i, broker := range p.Brokers {
		c.checkHostPort(at(place, i), broker)
	}
	c.checkLogin(path, p.User, p.Password)
	c.checkEncryption(below(path, "tls"), p.TLS)
	c.checkNumeric(below(path, "value"), p.Value)
	c.checkWord(below(path, "mechanism"), p.Mechanism, SASLMechanisms())
	if c.given(below(path, "mechanism")) && !c.given(below(path, "user")) {
		c.add(below(path, "mechanism"), "nobody logs in (want user: NAME)")
	}
	for _, key := range []string{"group", "value"} {
		if c.given(below(path, key)) && !c.given(below(path, "topic")) {
			c.add(below(path, key), "nothing is counted without a topic (want topic: NAME)")
		}
	}
	p.checkTopic(c, below(path, "topic"))
}

// checkTopic wants what Kafka takes for a topic's name.
func (p *KafkaProbe) checkTopic(c *checker, path string) {
	const longest = 249
	bad := strings.TrimFunc(p.Topic, func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r)
	})
	if bad != "" || len(p.Topic) > longest || p.Topic == "." || p.Topic == ".." {
		c.add(path, "malformed name (got %s, want letters, digits, ., _ and -, at most %d)", clipped(p.Topic), longest)
	}
}
