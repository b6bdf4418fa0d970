package probe

import (
	"bytes"
	"context"
	"encoding/hex"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// upgrades are the ways in which protocols change over to TLS, as far as the
// handshake.
func upgrades() map[catalog.StartTLS]func(*line) error {
	return map[catalog.StartTLS]func(*line) error{
		"smtp":     upgradeSMTP,
		"ftp":      upgradeFTP,
		"imap":     upgradeIMAP,
		"pop3":     upgradePOP3,
		"ldap":     upgradeLDAP,
		"postgres": upgradePostgres,
		"xmpp":     upgradeXMPP,
	}
}

// upgrade changes over to TLS in the words of a protocol, and goes on waiting
// for an answer.
func (l *line) upgrade(ctx context.Context, by catalog.StartTLS) error {
	if err := upgrades()[by](l); err != nil {
		return err
	}
	if err := l.secure(ctx); err != nil {
		return err
	}
	l.trace.enter(FirstByte)
	return nil
}

// unwilling is a server that does not change over.
func unwilling(says string) error {
	return misfitf(ReasonTLS, "changing over to TLS: the server says %s", quote(says))
}

// upgradeSMTP is RFC 3207.
func upgradeSMTP(l *line) error {
	if _, err := l.ask("greeting", "", "220", ReasonStatus); err != nil {
		return err
	}
	if _, err := l.ask("EHLO", "EHLO "+helloName, "250", ReasonStatus); err != nil {
		return err
	}
	_, err := l.ask("changing over to TLS", "STARTTLS", "220", ReasonTLS)
	return err
}

// upgradeFTP is RFC 4217.
func upgradeFTP(l *line) error {
	if _, err := l.ask("greeting", "", "220", ReasonStatus); err != nil {
		return err
	}
	_, err := l.ask("changing over to TLS", "AUTH TLS", "234", ReasonTLS)
	return err
}

// upgradeIMAP is RFC 9051, 6.2.1. What has no tag comes in between.
func upgradeIMAP(l *line) error {
	greeting, err := l.text()
	if err != nil {
		return err
	}
	if !strings.HasPrefix(greeting, "* OK") {
		return misfitf(ReasonStatus, "greeting: the server says %s, want * OK", quote(greeting))
	}
	if err := l.say("t1 STARTTLS"); err != nil {
		return err
	}
	for range maxReply {
		answer, err := l.text()
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(answer, "t1 OK"):
			return nil
		case !strings.HasPrefix(answer, "* "):
			return unwilling(answer)
		}
	}
	return misfitf(ReasonProtocol, "the server's reply has more than %d lines", maxReply)
}

// upgradePOP3 is RFC 2595, 4.
func upgradePOP3(l *line) error {
	greeting, err := l.text()
	if err != nil {
		return err
	}
	if !strings.HasPrefix(greeting, "+OK") {
		return misfitf(ReasonStatus, "greeting: the server says %s, want +OK", quote(greeting))
	}
	if err := l.say("STLS"); err != nil {
		return err
	}
	answer, err := l.text()
	if err == nil && !strings.HasPrefix(answer, "+OK") {
		return unwilling(answer)
	}
	return err
}

// upgradeLDAP is the extended operation of RFC 4511, 4.14, in BER: a message of
// number 1 with the operation's name, and an answer whose result code is 0.
func upgradeLDAP(l *line) error {
	request := append([]byte{0x30, 0x1d, 0x02, 0x01, 0x01, 0x77, 0x18, 0x80, 0x16}, "1.3.6.1.4.1.1466.20037"...)
	if _, err := l.conn.Write(request); err != nil {
		return err
	}
	head, err := l.read(2, 2)
	if err != nil {
		return err
	}
	size := int(head[1])
	if head[1] > 0x80 && head[1] <= 0x84 { // the length stands in as many bytes
		long, err := l.read(int(head[1]-0x80), 4)
		if err != nil {
			return err
		}
		size = 0
		for _, b := range long {
			size = size<<8 | int(b)
		}
	}
	if head[0] != 0x30 {
		return misfitf(ReasonProtocol, "the server does not speak LDAP: it begins with %s", hex.EncodeToString(head))
	}
	answer, err := l.read(size, maxReply*100)
	if err != nil {
		return err
	}
	at := bytes.Index(answer, []byte{0x0a, 0x01})
	if !bytes.HasPrefix(answer, []byte{0x02, 0x01, 0x01, 0x78}) || at < 0 || at+2 >= len(answer) {
		return misfitf(ReasonProtocol, "the server does not answer as LDAP does: %s", hex.EncodeToString(answer[:min(len(answer), 16)]))
	}
	if code := answer[at+2]; code != 0 {
		return misfitf(ReasonTLS, "changing over to TLS: the server refuses it with result code %d", code)
	}
	return nil
}

// upgradePostgres is the request for encryption of PostgreSQL's protocol 3.
func upgradePostgres(l *line) error {
	if _, err := l.conn.Write([]byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f}); err != nil {
		return err
	}
	answer, err := l.in.ReadByte()
	switch {
	case err != nil:
		return err
	case answer == 'S':
		return nil
	case answer == 'N':
		return misfitf(ReasonTLS, "changing over to TLS: the server has no TLS")
	}
	return misfitf(ReasonProtocol, "the server does not speak the protocol of PostgreSQL: it begins with %s", quote(string(rune(answer))))
}

// upgradeXMPP is RFC 6120, 5.4.
func upgradeXMPP(l *line) error {
	const opening = "<?xml version='1.0'?><stream:stream to='%' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
	if _, err := l.conn.Write([]byte(strings.ReplaceAll(opening, "%", xmlText(l.tls.ServerName)))); err != nil {
		return err
	}
	features, err := l.markup("</stream:features>", "</stream:stream>")
	if err != nil {
		return err
	}
	if !strings.Contains(features, "urn:ietf:params:xml:ns:xmpp-tls") {
		return misfitf(ReasonTLS, "changing over to TLS: the server does not offer it")
	}
	if _, err := l.conn.Write([]byte("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")); err != nil {
		return err
	}
	answer, err := l.markup(">")
	if err == nil && !strings.Contains(answer, "<proceed") {
		return unwilling(answer)
	}
	return err
}

// markup reads up to the first of several ends.
func (l *line) markup(ends ...string) (string, error) {
	var b strings.Builder
	for b.Len() < maxMarkup {
		c, err := l.in.ReadByte()
		if err != nil {
			return "", err
		}
		b.WriteByte(c)
		for _, end := range ends {
			if c == '>' && strings.HasSuffix(b.String(), end) {
				return b.String(), nil
			}
		}
	}
	return "", misfitf(ReasonProtocol, "the server sent more than %d bytes without %s", maxMarkup, ends[0])
}

// xmlText escapes a text for an attribute.
func xmlText(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", "'", "&#39;").Replace(text)
}
