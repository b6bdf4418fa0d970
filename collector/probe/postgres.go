package probe

// newPostgres refuses: no driver is linked into this exporter.
func newPostgres(s site) (Func, error) {
	return nil, s.errorf("postgres", "kind postgres is not built into this exporter")
}
