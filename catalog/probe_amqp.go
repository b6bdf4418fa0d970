package catalog

// AMQPProbe logs in to a broker that speaks AMQP 0-9-1, as RabbitMQ does, and
// opens a channel. Where a queue is named it must exist: Value is what the
// number of its messages that are ready must fulfil, Consumers the number of its
// consumers.
type AMQPProbe struct {
	Address     string      `yaml:"address"`
	User        string      `yaml:"user"`
	Password    *Secret     `yaml:"password"`
	VirtualHost string      `yaml:"virtual_host,omitempty"` // / by default
	TLS         *Encryption `yaml:"tls,omitempty"`
	Queue       string      `yaml:"queue,omitempty"`
	Value       Comparison  `yaml:"value,omitempty"`
	Consumers   Comparison  `yaml:"consumers,omitempty"`
}

func (p *AMQPProbe) complete() { p.VirtualHost = or(p.VirtualHost, "/") }

func (p *AMQPProbe) check(c *checker, path string) {
	c.checkHostPort(below(path, "address"), p.Address)
	c.checkEncryption(below(path, "tls"), p.TLS)
	c.checkNumeric(below(path, "value"), p.Value)
	c.checkNumeric(below(path, "consumers"), p.Consumers)
	for _, key := range []string{"value", "consumers"} {
		if c.given(below(path, key)) && !c.given(below(path, "queue")) {
			c.add(below(path, key), "nothing is counted without a queue (want queue: NAME)")
		}
	}
	const longest = 255 // a short string of the protocol
	if len(p.Queue) > longest {
		c.add(below(path, "queue"), "the name is too long (got %d bytes, want at most %d)", len(p.Queue), longest)
	}
}
