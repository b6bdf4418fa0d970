package migrate

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// parts takes a connection string apart: an address with a scheme, or
// key=value pairs with semicolons as SQL Server has them.
func (m *kumaMonitor) parts(v *tree.Value, kind string) *Settings {
	u, err := url.Parse(v.Peek())
	if err != nil || u.Host == "" {
		u = pairs(v.Peek())
	}
	if u == nil {
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
	if strings.HasSuffix(u.Scheme, "s") && u.Scheme != "postgres" || strings.Contains(u.RawQuery, "ssl=true") || strings.Contains(u.RawQuery, "tls=true") || strings.EqualFold(u.Query().Get("encrypt"), "true") {
		s.set("tls", true)
	}
	return s
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
		case "encrypt":
			query.Set("encrypt", value)
		}
	}
	if u.Host == "" {
		return nil
	}
	u.RawQuery, u.User = query.Encode(), url.UserPassword(user, password)
	return u
}
