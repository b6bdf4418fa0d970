package probe

import (
	"bufio"
	"bytes"
	"errors"
	"strconv"
	"strings"
)

// The bounds of one answer in the protocol of Redis, RESP2
// (https://redis.io/docs/latest/develop/reference/protocol-spec/).
const (
	maxRESPText  = 1 << 20
	maxRESPItems = 10_000
	maxRESPDepth = 4
)

// respAnswer is an answer: its text, or of a list the number of its items.
type respAnswer struct {
	text    string
	refused bool // text is the server's reason
}

// respCommand writes a command as an array of texts.
func respCommand(words []string) []byte {
	var b bytes.Buffer
	b.WriteString("*" + strconv.Itoa(len(words)) + "\r\n")
	for _, word := range words {
		b.WriteString("$" + strconv.Itoa(len(word)) + "\r\n" + word + "\r\n")
	}
	return b.Bytes()
}

// readRESP reads one answer.
func (l *line) readRESP(depth int) (respAnswer, error) {
	kind, rest, err := l.respHead()
	if err != nil {
		return respAnswer{}, err
	}
	switch kind {
	case '+', ':':
		return respAnswer{text: rest}, nil
	case '-':
		return respAnswer{text: rest, refused: true}, nil
	case '$':
		text, err := l.respText(rest)
		return respAnswer{text: text}, err
	case '*':
		return l.respList(rest, depth)
	}
	return respAnswer{}, notRedis(string(kind) + rest)
}

func notRedis(begins string) error {
	return misfitf(ReasonProtocol, "the server does not speak the protocol of Redis: it begins with %s", quote(begins))
}

// respHead is the first byte of an answer, and the rest of its line.
func (l *line) respHead() (byte, string, error) {
	text, err := l.in.ReadSlice('\n')
	if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
		return 0, "", err
	}
	head := strings.TrimRight(string(text), "\r\n")
	if head == "" || err != nil {
		return 0, "", notRedis(head)
	}
	return head[0], head[1:], nil
}

// respText reads a text of the length that its head tells; -1 is no text.
func (l *line) respText(length string) (string, error) {
	n, err := strconv.Atoi(length)
	if err != nil {
		return "", misfitf(ReasonProtocol, "the server announces a text of %s bytes", quote(length))
	}
	if n < 0 {
		return "", nil
	}
	text, err := l.read(n+len("\r\n"), maxRESPText)
	if err != nil {
		return "", err
	}
	return string(text[:n]), nil
}

// respList reads the items of a list and forgets them.
func (l *line) respList(length string, depth int) (respAnswer, error) {
	n, err := strconv.Atoi(length)
	if err != nil || n > maxRESPItems || depth == maxRESPDepth {
		return respAnswer{}, misfitf(ReasonProtocol, "the server announces a list of %s items, want at most %d", quote(length), maxRESPItems)
	}
	for range n {
		if _, err := l.readRESP(depth + 1); err != nil {
			return respAnswer{}, err
		}
	}
	return respAnswer{text: strconv.Itoa(max(0, n))}, nil
}
