package catalog

// PostgresProbe logs in and runs one query, which answers at least one row.
// Value is what the first value of the first row must fulfil.
type PostgresProbe struct {
	DSN   *Secret    `yaml:"dsn"`
	Query string     `yaml:"query,omitempty"` // SELECT 1 by default
	Value Comparison `yaml:"value,omitempty"`
}

func (p *PostgresProbe) complete() {
	p.Query = or(p.Query, defaultQuery)
}

func (p *PostgresProbe) check(*checker, string) {}
