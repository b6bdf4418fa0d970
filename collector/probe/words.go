package probe

import (
	"bufio"
	"errors"
	"strings"
)

const (
	// maxReply bounds the lines of one reply.
	maxReply = 100
	// maxMarkup bounds what is read for one element of a stream of XML.
	maxMarkup = 64 << 10
	// helloName is how we introduce ourselves, whatever our name is: a domain
	// that nobody has (RFC 2606).
	helloName = "tocsin.invalid"
)

// text is the next line, without its end. One that is longer than a buffer is
// refused.
func (l *line) text() (string, error) {
	text, err := l.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", misfitf(ReasonProtocol, "the server sends a line of more than %d bytes, beginning with %s", len(text), quote(string(text)))
	}
	if err != nil {
		return "", err
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

// say sends a line.
func (l *line) say(text string) error {
	_, err := l.conn.Write([]byte(text + "\r\n"))
	return err
}

// reply is an answer of SMTP or FTP: a code, and a line or several, of which
// all but the last have a hyphen after the code (RFC 5321, 4.2.1).
func (l *line) reply() (code string, lines []string, err error) {
	for len(lines) < maxReply {
		text, err := l.text()
		if err != nil {
			return "", nil, err
		}
		if len(lines) > 0 && !strings.HasPrefix(text, code) { // FTP lets the middle be free
			lines = append(lines, text)
			continue
		}
		if len(text) < 3 || strings.Trim(text[:3], "0123456789") != "" {
			return "", nil, misfitf(ReasonProtocol, "the server does not speak the protocol: it says %s", quote(text))
		}
		code = text[:3]
		lines = append(lines, strings.TrimLeft(text[3:], " -"))
		if len(text) == 3 || text[3] != '-' {
			return code, lines, nil
		}
	}
	return "", nil, misfitf(ReasonProtocol, "the server's reply has more than %d lines", maxReply)
}

// ask sends a line, unless it is empty, and wants a reply with a code.
func (l *line) ask(what, text, want string, reason Reason) ([]string, error) {
	if text != "" {
		if err := l.say(text); err != nil {
			return nil, err
		}
	}
	code, lines, err := l.reply()
	if err != nil {
		return nil, err
	}
	text = strings.Join(lines, " ")
	switch {
	case code == want:
		return lines, nil
	case l.blocks != nil && l.blocks(code, text):
		return nil, misfitf(ReasonBlocked, "%s: the server refuses us: %s; the service itself was not seen", what, quote(code+" "+text))
	}
	return nil, misfitf(reason, "%s: the server says %s, want %s", what, quote(code+" "+text), want)
}
