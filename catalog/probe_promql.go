package catalog

// PromQLProbe asks a Prometheus for what is measured already: every series that
// the query gives must fulfil Value.
type PromQLProbe struct {
	Query   string          `yaml:"query"`
	Value   Comparison      `yaml:"value"`
	Server  string          `yaml:"server,omitempty"`  // base URL of a Prometheus or Thanos; links.prometheus by default
	NoData  NoData          `yaml:"no_data,omitempty"` // what it means that the query gives no series: failure by default
	Headers map[string]Text `yaml:"headers,omitempty"`
	CAFile  string          `yaml:"ca_file,omitempty"`
}

// NoData is what a query means that gives nothing.
type NoData string

// The values of NoData.
const (
	NoDataFails    NoData = "failure"
	NoDataSucceeds NoData = "success"
)

func (n *NoData) parse(text string) (err error) {
	*n, err = choice(text, NoDataFails, NoDataSucceeds)
	return err
}

func (p *PromQLProbe) complete() { p.NoData = or(p.NoData, NoDataFails) }

func (p *PromQLProbe) check(c *checker, path string) {
	c.checkBase(below(path, "server"), p.Server)
	if p.Server == "" && !c.given(below(path, "server")) && c.Links.Prometheus == "" {
		c.add(path, "there is no Prometheus to ask (define links.prometheus, or name one with server)")
	}
	c.checkHeaders(below(path, "headers"), p.Headers)
}
