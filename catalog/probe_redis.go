package catalog

import (
	"strconv"
	"strings"
)

// RedisProbe logs in and gives one command that only reads. Value is what the
// answer must fulfil; of an answer that is a list, its length.
type RedisProbe struct {
	Address     string       `yaml:"address"`
	User        string       `yaml:"user,omitempty"` // of an access control list; the default user by default
	Password    *Secret      `yaml:"password,omitempty"`
	TLS         *Encryption  `yaml:"tls,omitempty"`
	Database    int          `yaml:"database,omitempty"` // the first by default
	Command     string       `yaml:"command,omitempty"`  // PING by default
	Value       Comparison   `yaml:"value,omitempty"`
	Replication *Replication `yaml:"replication,omitempty"`
}

// redisReads are the commands that change nothing, cost little, and answer at
// once.
func redisReads() []string {
	return []string{
		"PING", "DBSIZE", "EXISTS", "GET", "GETRANGE", "HEXISTS", "HGET", "HLEN", "LASTSAVE", "LINDEX", "LLEN", "PTTL", "SCARD",
		"SISMEMBER", "STRLEN", "TIME", "TTL", "TYPE", "XLEN", "ZCARD", "ZCOUNT", "ZSCORE",
	}
}

func (p *RedisProbe) complete() { p.Command = or(p.Command, "PING") }

func (p *RedisProbe) check(c *checker, path string) {
	c.checkHostPort(below(path, "address"), p.Address)
	c.checkLogin(path, p.User, p.Password)
	c.checkEncryption(below(path, "tls"), p.TLS)
	c.checkReplication(below(path, "replication"), p.Replication)
	word, _, _ := strings.Cut(strings.TrimSpace(p.Command), " ")
	if _, err := choice(strings.ToUpper(word), redisReads()...); err != nil {
		c.add(below(path, "command"), "a command that only reads and costs little is wanted: %v", err)
	}
	const databases = 1 << 14
	if p.Database > databases {
		c.add(below(path, "database"), "got %s, want at most %d", strconv.Itoa(p.Database), databases)
	}
}
