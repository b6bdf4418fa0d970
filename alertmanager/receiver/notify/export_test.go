package notify

// Provider is one service behind a way, for tests.
type Provider struct {
	Name    string
	Address func(Contacts) string
	Channel Channel
}

// NewWay makes a way of providers.
func NewWay(services ...Provider) Channel {
	var way providers
	for _, p := range services {
		way = append(way, provider{p.Name, p.Address, p.Channel})
	}
	return way
}
