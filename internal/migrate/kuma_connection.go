package migrate

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// parts takes a connection string apart: an address with a scheme, or
// key=value pairs with semicolons as SQL Server has them.
func (m *kumaMonitor) parts(v *tree.Value, kind string) *Settings {
	u, err := url.Parse(v.Peek())
	if err != nil || u.Host == "" {
		u = pairs(v.Peek())
	}
	if u == nil || u.Scheme == "mongodb+srv" { // the latter names a record that lists the servers
		return nil
	}
	v.Read()
	port := map[string]string{"redis": "6379", "mysql": "3306", "mssql": "1433", "mongodb": "27017", "postgres": "5432"}[kind]
	s := settings("address", withPort(u.Host, port), "user", u.User.Username(), "database", strings.Trim(u.Path, "/"))
	if password, has := u.User.Password(); has {
		s.set("password", m.secretOf(password, v.At, "the password of "+m.name, m.name, "password"))
	}
	if kind == "mongodb" {
		s.rename("database", "auth_database")
	}
	if kind == "redis" {
		s.remove("database")
		s.set("database", number(strings.Trim(u.Path, "/")))
	}
	if kind == "mssql" {
		m.encryption(s, v, u.Query())
		return s
	}
	if slices.Contains([]string{"rediss", "mysqls"}, u.Scheme) || strings.Contains(u.RawQuery, "ssl=true") || strings.Contains(u.RawQuery, "tls=true") {
		s.set("tls", true)
	}
	return s
}

// encryption reads what a connection string of SQL Server says about it.
func (m *kumaMonitor) encryption(s *Settings, v *tree.Value, query url.Values) {
	switch query.Get("encrypt") {
	case "false", "no", "optional":
		s.set("encryption", catalog.EncryptionOff)
		return
	case "strict":
		s.set("encryption", catalog.EncryptionStrict)
	}
	if trusts := query.Get("trustservercertificate"); trusts == "true" || trusts == "yes" {
		m.report.add(ToDo, v.At, m.name, "TrustServerCertificate", "a certificate is always verified: give tls: {ca_file: PATH} when a private authority, or the server itself, signs it")
	}
}

func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

// pairs reads Server=host,port;Database=…;User Id=…;Password=….
func pairs(text string) *url.URL {
	u := new(url.URL)
	query := make(url.Values)
	user, password := "", ""
	for pair := range strings.SplitSeq(text, ";") {
		key, value, _ := strings.Cut(pair, "=")
		switch value = strings.TrimSpace(value); strings.ToLower(strings.TrimSpace(key)) {
		case "server", "data source", "host", "address":
			u.Host = strings.Replace(strings.TrimPrefix(value, "tcp:"), ",", ":", 1)
		case "database", "initial catalog":
			u.Path = value
		case "user id", "uid", "user":
			user = value
		case "password", "pwd":
			password = value
		case "encrypt", "trustservercertificate":
			query.Set(strings.ToLower(strings.TrimSpace(key)), strings.ToLower(value))
		}
	}
	if u.Host == "" {
		return nil
	}
	u.RawQuery, u.User = query.Encode(), url.UserPassword(user, password)
	return u
}
