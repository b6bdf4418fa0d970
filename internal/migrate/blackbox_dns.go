package migrate

import (
	"cmp"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

func (m *module1) dns(v *tree.Value) {
	server := m.target.address
	if _, _, err := net.SplitHostPort(server); err != nil {
		server = net.JoinHostPort(strings.Trim(server, "[]"), "53")
	}
	kind := strings.ToUpper(v.Get("query_type").Text())
	if kind == "" || kind == "ANY" {
		m.report.add(Changed, m.check.At, m.owner, "query_type", "asks for ANY, which name servers may refuse (RFC 8482); A from now on")
		kind = ""
	}
	s := settings("name", v.Get("query_name").Text(), "type", kind, "server", server)
	protocol := v.Get("transport_protocol").Text()
	if v.Get("dns_over_tls").True() {
		protocol = "tls"
	}
	if protocol != "udp" {
		s.set("protocol", protocol)
	}
	if codes := v.Get("valid_rcodes"); len(codes.Items()) == 1 && knows("dns", "rcode") {
		s.set("rcode", strings.TrimPrefix(codes.Items()[0].Text(), "NOERROR"))
	} else if !codes.Empty() && !slices.Equal(codes.Texts(), []string{"NOERROR"}) {
		m.lose(codes, m.owner, "valid_rcodes", "an answer counts when it is NOERROR and has a record")
	}
	m.answers(s, v)
	m.address(settings(), v)
	m.check.Kind, m.check.Settings = "dns", s
	m.check.Service = cmp.Or(m.check.Service, hostOf(server))
}

// answers reads the expressions that match whole records, as far as they name
// addresses: those that have to be there, one of several, or those that must
// not.
func (m *module1) answers(s *Settings, v *tree.Value) {
	rules := v.Get("validate_answer_rrs")
	all, any1, none := []string{}, []string{}, []string{}
	for _, key := range []string{"fail_if_none_matches_regexp", "fail_if_not_matches_regexp", "fail_if_matches_regexp"} {
		for _, expression := range rules.Get(key).Items() {
			found, whole := addressesIn(expression.Peek(), v.Get("query_name").Peek())
			switch {
			case !whole || key != "fail_if_matches_regexp" && len(found) > 1 && len(any1) > 0:
				continue // it stays unread, and so is reported
			case key == "fail_if_matches_regexp":
				none = append(none, found...)
			case len(found) > 1:
				any1 = found
			default:
				all = append(all, found...)
			}
			if key == "fail_if_not_matches_regexp" {
				m.report.add(Changed, expression.At, m.owner, key, "each record had to match; from now on one that does is enough")
			}
			expression.Read()
		}
	}
	for key, addresses := range map[string][]string{"answers": all, "answers_any": any1, "answers_not": none} {
		if len(addresses) > 0 {
			s.set(key, addresses)
		}
	}
}

// gaps are what expressions of records have between words.
var gaps = strings.NewReplacer(`\.`, ".", `\t`, " ", `\s+`, " ", `\s*`, " ", `\s`, " ", `\d+`, " ", "[0-9]+", " ", "[0-9]*", " ", ".*", " ", ".+", " ", "^", " ", "$", " ", "(?:", " ", "(", " ", ")", " ", "|", " ", "\t", " ")

// addressesIn are the addresses that an expression names, and whether it says
// no more than them, the name that is asked for and the kind of record.
func addressesIn(expression, name string) (found []string, whole bool) {
	for _, word := range strings.Fields(gaps.Replace(expression)) {
		_, err := netip.ParseAddr(word)
		switch {
		case err == nil && !slices.Contains(found, word):
			found = append(found, word)
		case err == nil, word == "IN", word == "A", word == "AAAA", regexp.MustCompile(`^\d+$`).MatchString(word):
		case strings.EqualFold(strings.Trim(word, "."), strings.Trim(name, ".")):
		default:
			return nil, false
		}
	}
	return found, len(found) > 0
}
