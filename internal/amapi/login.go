package amapi

import (
	"fmt"
	"net/http"

	"github.com/prometheus/common/config"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// client makes the client of the account as soon as it can be made. The library
// reads the files of secrets for each request and those of certificates when
// they change, so what is rotated is seen.
func (c *Client) client() (*http.Client, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.http == nil {
		client, err := config.NewClientFromConfig(settings(c.account), "alertmanager")
		if err != nil {
			return nil, fmt.Errorf("accounts.alertmanager: %w", err)
		}
		client.Timeout = c.timeout
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		c.http = client
	}
	return c.http, nil
}

func settings(a *catalog.AlertmanagerAccount) config.HTTPClientConfig {
	s := config.HTTPClientConfig{EnableHTTP2: true}
	if auth := a.Auth; auth != nil {
		switch {
		case auth.Bearer != nil:
			s.Authorization = &config.Authorization{Type: "Bearer", CredentialsFile: auth.Bearer.Path}
		case auth.OAuth2 != nil:
			s.OAuth2 = &config.OAuth2{ClientID: auth.OAuth2.Client, ClientSecretFile: auth.OAuth2.Secret.Path, Scopes: auth.OAuth2.Scopes, TokenURL: auth.OAuth2.TokenURL}
			if auth.OAuth2.Audience != "" {
				s.OAuth2.EndpointParams = map[string]string{"audience": auth.OAuth2.Audience}
			}
		default:
			s.BasicAuth = &config.BasicAuth{Username: auth.User, PasswordFile: auth.Password.Path}
		}
	}
	if tls := a.TLS; tls != nil {
		versions := map[catalog.TLSVersion]string{catalog.TLS10: "TLS10", catalog.TLS11: "TLS11", catalog.TLS12: "TLS12", catalog.TLS13: "TLS13"}
		s.TLSConfig = config.TLSConfig{
			CAFile: tls.CAFile, ServerName: tls.ServerName, CertFile: tls.CertFile, KeyFile: tls.KeyFile,
			MinVersion: config.TLSVersions[versions[tls.MinVersion]],
		}
	}
	return s
}
