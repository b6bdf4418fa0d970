package probe

import (
	"context"
	"errors"
	"strconv"

	"github.com/go-ldap/ldap/v3"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/catalog/expression"
)

const (
	// maxLDAP bounds what is read of a directory. Each two bytes may become an
	// element of a message, which takes a hundred times as much memory.
	maxLDAP = 256 << 10
	// maxEntries bounds the entries of a search.
	maxEntries = 1000
)

// directory is what stays the same from attempt to attempt.
type directory struct {
	*dialogue
	spec *catalog.LDAPProbe
}

// newLDAP builds the kind ldap (RFC 4511): a login, and a search.
func newLDAP(s site) (Func, error) {
	spec := s.probe.LDAP
	if spec.Searches() {
		if err := expression.CheckFilter(spec.Filter); err != nil {
			return nil, s.errorf("ldap.filter", "%v", err)
		}
	}
	d := &directory{dialogue: newDialogue(s, "ldap", spec.Address, spec.TLS), spec: spec}
	d.plainFirst = spec.StartTLS
	return func(ctx context.Context) Result { return d.run(ctx, d.talk) }, nil
}

func (d *directory) talk(ctx context.Context, l *line) error {
	if d.spec.StartTLS {
		if err := l.upgrade(ctx, "ldap"); err != nil {
			return err
		}
	}
	l.heard.left = maxLDAP
	conn := ldap.NewConn(l.conn, l.tls != nil)
	conn.Start()
	err := d.ask(conn, l)
	if err != nil {
		_ = conn.Close()
		return err
	}
	_ = conn.Unbind() // which says goodbye and closes
	return nil
}

// ask logs in, anonymously too, which every directory answers, and searches.
func (d *directory) ask(conn *ldap.Conn, l *line) error {
	password, err := d.password(d.spec.Password)
	if err != nil {
		return err
	}
	login := &ldap.SimpleBindRequest{Username: d.spec.User, Password: password, AllowEmptyPassword: d.spec.User == ""}
	if _, err := conn.SimpleBind(login); err != nil {
		return d.refusal(l, "logging in", err)
	}
	if !d.spec.Searches() {
		return nil
	}
	attribute := "1.1" // none (RFC 4511, 4.5.1.8)
	if d.spec.Attribute != "" {
		attribute = d.spec.Attribute
	}
	what := "search below " + quote(d.spec.Base)
	found, err := conn.Search(ldap.NewSearchRequest(d.spec.Base, scopeOf(d.spec.Scope), ldap.NeverDerefAliases, maxEntries, 0, false, d.spec.Filter, []string{attribute}, nil))
	switch {
	case ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded):
		return misfitf(ReasonStatus, "%s: the server finds more entries than it tells of (want a narrower filter)", what)
	case err != nil:
		return d.refusal(l, what, err)
	}
	return d.judgeEntries(l, what, found.Entries)
}

func scopeOf(s catalog.LDAPScope) int {
	switch s {
	case catalog.ScopeOne:
		return ldap.ScopeSingleLevel
	case catalog.ScopeSubtree:
		return ldap.ScopeWholeSubtree
	case catalog.ScopeBase:
	}
	return ldap.ScopeBaseObject
}

// judgeEntries compares how many entries there are, and the attribute of the
// first. The number is exported where no attribute is read.
func (d *directory) judgeEntries(l *line, what string, entries []*ldap.Entry) error {
	number := strconv.Itoa(len(entries))
	if d.spec.Attribute == "" {
		return l.judge(what+": entries", number, d.spec.Entries)
	}
	if !d.spec.Entries.Holds(number) {
		return misfitf(ReasonBody, "%s: entries: got %q, want %s", what, number, d.spec.Entries)
	}
	if len(entries) == 0 {
		return nil
	}
	values := entries[0].GetEqualFoldAttributeValues(d.spec.Attribute)
	what = "attribute " + d.spec.Attribute + " of " + quote(d.secrets.redact(entries[0].DN))
	if len(values) == 0 {
		return misfitf(ReasonBody, "%s: there is none, or this user may not see it", what)
	}
	return d.judgeAttribute(l, what, values)
}

// judgeAttribute is content with any of the values: a directory does not keep
// their order. The first is exported.
func (d *directory) judgeAttribute(l *line, what string, values []string) error {
	err := l.judge(what, d.secrets.redact(values[0]), d.spec.Value)
	for _, value := range values[1:] {
		if d.spec.Value.Holds(value) {
			return nil
		}
	}
	if err != nil && len(values) > 1 {
		return misfitf(ReasonBody, "%s: none of its %d values is %s; the first is %s", what, len(values), d.spec.Value, quote(d.secrets.redact(values[0])))
	}
	return err
}

// refusal is the failure of an attempt. A result code is the directory's own
// word; everything else is the connection's.
func (d *directory) refusal(l *line, what string, err error) error {
	said, is := errors.AsType[*ldap.Error](err)
	if !is || said.ResultCode >= ldap.ErrorNetwork {
		return l.cause(ldapText(err))
	}
	words := ldap.LDAPResultCodeMap[said.ResultCode]
	if words == "" {
		words = "result code " + strconv.Itoa(int(said.ResultCode))
	}
	if said.Err != nil && said.Err.Error() != "" {
		words += " (" + said.Err.Error() + ")"
	}
	return d.said(what, words)
}

// ldapText leaves out the library's own numbers.
func ldapText(err error) error {
	if said, is := errors.AsType[*ldap.Error](err); is && said.Err != nil {
		return said.Err
	}
	return err
}

func ldapHost(p *catalog.Probe) string { return p.LDAP.Address }
