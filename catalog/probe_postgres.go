package catalog

// PostgresProbe logs in and runs one query.
type PostgresProbe struct {
	DSN   *Secret `yaml:"dsn"`
	Query string  `yaml:"query,omitempty"` // SELECT 1 by default
}

func (p *PostgresProbe) complete() {
	p.Query = or(p.Query, defaultQuery)
}

func (p *PostgresProbe) check(*checker, string) {}
