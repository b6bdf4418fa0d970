package migrate

import (
	"cmp"
	"encoding/base64"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// What several sources say of an HTTP request, in the catalogue's terms.

// basic gives a request the credentials user:password.
func (in *intake) basic(s *Settings, credentials *Secret) {
	user, password, _ := strings.Cut(credentials.value, ":")
	if knows("http", "auth") && (user != "" || credentials.value == "") {
		auth := in.auth(s, credentials)
		auth.set("user", cmp.Or(user, "user"))
		if user == "" {
			in.report.add(ToDo, credentials.at, credentials.what, "", "the input does not hold the user: put the name into auth.user")
		}
		auth.set("password", in.secretOf(password, credentials.at, strings.Replace(credentials.what, "the user and password", "the password", 1), regexp.MustCompile(`-?authorization(-\d+)?$`).ReplaceAllString(credentials.name, ""), "password"))
		return
	}
	if credentials.value != "" {
		credentials.value = "Basic " + base64.StdEncoding.EncodeToString([]byte(credentials.value))
	}
	credentials.what += ` (as the header's value: "Basic " and the Base64 of user:password)`
	in.authorize(s, credentials)
}

// bearer gives a request a token.
func (in *intake) bearer(s *Settings, token *Secret) {
	if knows("http", "auth") {
		in.auth(s, token).set("bearer", token)
		return
	}
	if token.value != "" {
		token.value = "Bearer " + token.value
	}
	token.what += ` (as the header's value: "Bearer " and the token)`
	in.authorize(s, token)
}

// auth is the one way in which a request proves who is asking.
func (in *intake) auth(s *Settings, secret *Secret) *Settings {
	if s.values["auth"] != nil {
		in.report.add(NotCarried, secret.at, secret.what, "", "a request proves who is asking in one way, and this one counts")
		s.remove("auth")
	}
	if headers := s.inner("headers"); headers.values["Authorization"] != nil {
		in.report.add(NotCarried, secret.at, secret.what, "", "a request proves who is asking in one way: the header Authorization of the input is left out")
		headers.remove("Authorization")
	}
	if s.inner("headers").empty() {
		s.remove("headers")
	}
	return s.inner("auth")
}

// oauth2 gives a request a token by client credentials.
func (in *intake) oauth2(s *Settings, address, client string, secret *Secret, scopes []string) {
	if secret == nil {
		return
	}
	if knows("http", "auth") {
		in.auth(s, secret).set("oauth2", settings("token_url", address, "client", client, "secret", secret, "scopes", scopes))
		return
	}
	in.report.add(NotCarried, secret.at, secret.what, "", "the catalogue has no OAuth 2")
}

// authorize sets the one header that says who is asking.
func (in *intake) authorize(s *Settings, secret *Secret) {
	headers := s.inner("headers")
	if earlier, has := headers.values["Authorization"].(*Secret); has {
		in.report.add(NotCarried, earlier.at, earlier.what, "", "a request proves who is asking in one way, and %s counts", secret.what)
	}
	headers.set("Authorization", secret)
}

// proxy reads the address of a proxy, which may hold credentials.
func (in *intake) proxy(s *Settings, v *tree.Value, owner string) {
	address := v.Text()
	if address == "" {
		return
	}
	proxy := settings("url", withoutSecrets(address))
	if u, err := url.Parse(address); err == nil && u.User != nil {
		proxy.set("user", u.User.Username())
		if password, has := u.User.Password(); has {
			proxy.set("password", in.secretOf(password, v.At, "the password of the proxy of "+owner, "proxy", "password"))
		}
	}
	s.set("proxy", proxy)
}

// header gives a request a header. What proves who is asking is a secret.
func (in *intake) header(s *Settings, name string, v *tree.Value, owner string) {
	if secretName(name) || placeholder(v.Peek()) {
		s.inner("headers").set(name, in.secret(v, "the header "+name+" of "+owner, owner, name))
		return
	}
	s.inner("headers").set(name, v.Text())
}

// secretName says that what has this name proves who is asking.
func secretName(name string) bool {
	name = strings.ToLower(name)
	for _, part := range []string{"auth", "cookie", "token", "secret", "password", "passwd", "apikey", "api_key", "api-key", "credential", "signature", "webhook"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return strings.HasSuffix(name, "key")
}

// statusOf is a set of status codes as the catalogue writes it, in which what
// follows each other is a range and what is a hundred a class.
func statusOf(codes []int) []string {
	codes = slices.Compact(slices.Sorted(slices.Values(codes)))
	var parts []string
	for i := 0; i < len(codes); {
		j := i
		for j+1 < len(codes) && codes[j+1] == codes[j]+1 {
			j++
		}
		parts = append(parts, rangeOf(codes[i], codes[j]))
		i = j + 1
	}
	return parts
}

func rangeOf(first, last int) string {
	switch {
	case first == last:
		return strconv.Itoa(first)
	case first%100 == 0 && last == first+99:
		return strconv.Itoa(first/100) + "xx"
	}
	return strconv.Itoa(first) + "-" + strconv.Itoa(last)
}

// not excludes each part of a set of status codes.
func not(parts []string) []string {
	excluded := make([]string, len(parts))
	for i, part := range parts {
		excluded[i] = "!" + part
	}
	return excluded
}

// status puts a set as a text when it has one part, or none when it is the
// default.
func (s *Settings) status(parts []string) {
	switch {
	case len(parts) == 1 && parts[0] == "2xx":
	case len(parts) == 1:
		if code, err := strconv.Atoi(parts[0]); err == nil {
			s.set("status", code)
			return
		}
		s.set("status", parts[0])
	case len(parts) > 1:
		s.set("status", anyOf(parts))
	}
}

// anyOf is a list in which numbers are numbers.
func anyOf(texts []string) []any {
	list := make([]any, len(texts))
	for i, text := range texts {
		list[i] = text
		if n, err := strconv.Atoi(text); err == nil {
			list[i] = n
		}
	}
	return list
}
