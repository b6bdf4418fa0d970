package probe

import (
	"strconv"
	"strings"
)

const (
	// maxSIP bounds the head of a message, and its body.
	maxSIP = 64 << 10
	// maxDatagram is the longest datagram.
	maxDatagram = 1 << 16
	// sipVersion begins an answer, and ends the first line of a question.
	sipVersion = "SIP/2.0"
)

// sipAnswer is what counts of a message. One that is no answer has no status.
type sipAnswer struct {
	status                int
	reason                string // the code and its words
	branch, call, tag, of string
	length                int // of the body
}

// answers says that a message is the answer to a question, and to no other
// (RFC 3261, 17.1.3 and 8.1.3.3).
func (a sipAnswer) answers(q sipQuestion) bool {
	return a.branch == q.branch && a.call == q.call && a.tag == q.tag && a.of == strconv.FormatUint(uint64(q.number), 10)+" OPTIONS"
}

// readSIP reads a message of a stream, the empty lines that keep a connection
// alive left out.
func (l *line) readSIP() (sipAnswer, error) {
	var head strings.Builder
	for {
		text, err := l.readLine(maxSIP)
		switch {
		case err != nil:
			return sipAnswer{}, err
		case text != "":
			head.WriteString(text + "\r\n")
		}
		switch {
		case head.Len() > 0 && !speaksSIP(head.String()):
			return sipAnswer{}, notSIP(head.String())
		case head.Len() > maxSIP:
			return sipAnswer{}, misfitf(ReasonProtocol, "the server sends a head of over %d bytes", maxSIP)
		}
		if text == "" && head.Len() > 0 {
			break
		}
	}
	answer, err := parseSIP(head.String())
	if err != nil {
		return answer, err
	}
	_, err = l.read(answer.length, maxSIP)
	return answer, err
}

// speaksSIP says whether the first line is one of SIP.
func speaksSIP(text string) bool {
	first, _, _ := strings.Cut(text, "\n")
	return strings.HasPrefix(text, sipVersion+" ") || strings.HasSuffix(strings.TrimRight(first, "\r"), " "+sipVersion)
}

func notSIP(text string) error {
	first, _, _ := strings.Cut(text, "\n")
	return misfitf(ReasonProtocol, "the server does not speak SIP: it begins with %s", quote(first))
}

// parseSIP reads the head of a message. A line that begins with white space
// goes on with the last, and some names have a short form (RFC 3261, 7.3).
func parseSIP(text string) (sipAnswer, error) {
	text = strings.TrimLeft(text, "\r\n")
	if !speaksSIP(text) {
		return sipAnswer{}, notSIP(text)
	}
	head, _, _ := strings.Cut(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n")
	head = strings.NewReplacer("\n ", " ", "\n\t", " ").Replace(head)
	first, rest, _ := strings.Cut(head, "\n")
	var a sipAnswer
	if said, is := strings.CutPrefix(first, sipVersion+" "); is {
		code, _, _ := strings.Cut(said, " ")
		status, err := strconv.Atoi(code)
		if err != nil || status < 100 || status > 699 {
			return a, misfitf(ReasonProtocol, "the server does not speak SIP: its status is %s", quote(said))
		}
		a.status, a.reason = status, said
	}
	for field := range strings.SplitSeq(rest, "\n") {
		name, value, _ := strings.Cut(field, ":")
		a.note(strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value))
	}
	return a, nil
}

// note keeps what counts of a field; of several paths the first is ours.
func (a *sipAnswer) note(name, value string) {
	switch name {
	case "via", "v":
		if a.branch == "" {
			first, _, _ := strings.Cut(value, ",")
			a.branch = parameter(first, "branch")
		}
	case "call-id", "i":
		a.call = value
	case "from", "f":
		_, behind, _ := strings.Cut(value, ">")
		a.tag = parameter(behind, "tag")
	case "cseq":
		a.of = strings.Join(strings.Fields(value), " ")
	case "content-length", "l":
		n, err := strconv.Atoi(value)
		if err != nil {
			n = -1
		}
		a.length = n
	}
}

// parameter is the value of a parameter behind a semicolon.
func parameter(text, name string) string {
	for part := range strings.SplitSeq(text, ";") {
		key, value, _ := strings.Cut(part, "=")
		if strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
