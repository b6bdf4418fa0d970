package notify

import (
	"time"

	"github.com/tocsin-monitoring/tocsin/internal/github"
)

// Hurried are settings whose channels do not wait between two writes to
// GitHub.
func Hurried(s Settings) Settings {
	account := s.Catalog.Accounts.GitHub
	if s.HTTP == nil {
		s.HTTP = NewHTTPClient()
	}
	s.client = func() (*github.Client, error) {
		return github.New(github.Options{UserAgent: "Tocsin", Gap: time.Nanosecond, Transport: s.HTTP.Transport, Timeout: s.HTTP.Timeout}.As(account))
	}
	return s
}

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
