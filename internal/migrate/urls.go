package migrate

import (
	"bytes"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// addressLines says whether a text is a list of addresses, one a line: with a
// scheme, host:port, or a bare host name.
func addressLines(text []byte) bool {
	found := false
	for line := range bytes.Lines(text) {
		first, _, _ := strings.Cut(addressLine(string(line)), " ")
		switch {
		case first == "":
		case strings.Contains(first, "://") || !strings.ContainsAny(first, ":{}[]=\"'"), hostPort(first):
			found = true
		default:
			return false
		}
	}
	return found
}

// addressLine is a line without its comment and with single spaces. Commas and
// semicolons separate, too.
func addressLine(line string) string {
	line = strings.TrimSpace(line)
	if strings.HasPrefix(line, "#") {
		return ""
	}
	line, _, _ = strings.Cut(line, " #")
	return strings.Join(strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' || r == ',' || r == ';' }), " ")
}

func hostPort(text string) bool {
	host, port, err := net.SplitHostPort(text)
	return err == nil && host != "" && port != ""
}

func isAddresses(d *document) bool {
	switch {
	case d.format == formatText:
		return addressLines(d.text)
	case d.root.Is(tree.List):
		for _, item := range d.root.Items() {
			if !item.Is(tree.String) || !addressLines([]byte(item.Peek())) {
				return false
			}
		}
		return len(d.root.Items()) > 0
	}
	return false
}

// readAddresses reads lines of an address and, after it, a name that people
// call it by.
func readAddresses(in *intake) {
	for _, d := range in.documents {
		if d.root != nil {
			for _, item := range d.root.Items() {
				in.address(item.Text(), item.At)
			}
			continue
		}
		number := 0
		for line := range bytes.Lines(bytes.TrimPrefix(d.text, []byte("\xEF\xBB\xBF"))) {
			number++
			if text := addressLine(string(line)); text != "" {
				in.address(text, tree.Position{File: d.name, Line: number, Column: 1})
			}
		}
	}
}

func (in *intake) address(text string, at tree.Position) {
	address, name, _ := strings.Cut(text, " ")
	check := &Check{Service: name, At: at}
	scheme, rest, has := strings.Cut(address, "://")
	switch scheme = strings.ToLower(scheme); {
	case !has && hostPort(address), scheme == "tcp" && hostPort(rest):
		check.Kind, check.Settings = "tcp", settings("address", strings.TrimPrefix(address, "tcp://"))
	case scheme == "tls" && hostPort(rest):
		check.Kind, check.Settings = "tls", settings("address", rest)
	case !has:
		in.report.add(Changed, at, address, "", "no scheme is given; it is asked over https")
		address = "https://" + address
		fallthrough
	case scheme == "http" || scheme == "https":
		check.Kind, check.Settings, check.URL = "http", in.request(address, at, address), withoutSecrets(address)
	case scheme == "icmp" || scheme == "ping":
		check.Kind, check.Settings = "icmp", settings("host", rest)
	default:
		in.report.add(LeftOut, at, address, "", "tocsin import knows no probe for %s:// (want http, https, tcp, tls or icmp)", scheme)
		return
	}
	in.check(check)
}

// request is the settings of an http probe of an address. Credentials in it,
// and secrets in its query, go into files.
func (in *intake) request(address string, at tree.Position, name string) *Settings {
	s := settings("url", withoutSecrets(address))
	u, err := url.Parse(address)
	if err != nil {
		return s
	}
	if u.User != nil {
		password, _ := u.User.Password()
		in.basic(s, in.secretOf(u.User.Username()+":"+password, at, "the user and password of "+name, name, "authorization"))
	}
	query := u.Query()
	for _, key := range slices.Sorted(maps.Keys(query)) {
		if secretQuery(key) && query.Get(key) != "" {
			s.inner("query").set(key, in.secretOf(query.Get(key), at, "the parameter "+key+" of the address of "+name, name, key))
		}
	}
	return s
}

// secretQuery says that a parameter of this name proves who is asking.
func secretQuery(name string) bool {
	return secretName(name) || slices.Contains([]string{"key", "code", "sig", "auth", "pass", "pwd"}, strings.ToLower(name))
}

// withoutSecrets is an address without credentials, and without the secret
// parameters of its query.
func withoutSecrets(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return clean(address)
	}
	query, changed := u.Query(), u.User != nil
	for key, values := range query {
		if secretQuery(key) && len(values) > 0 && values[0] != "" {
			query.Del(key)
			u.RawQuery, changed = query.Encode(), true
		}
	}
	if !changed {
		return address
	}
	u.User = nil
	return u.String()
}
