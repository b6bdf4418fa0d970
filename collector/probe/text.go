package probe

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// MaxText bounds a result's text in bytes.
const MaxText = 300

// maxOutput bounds the lines that a command or a job wrote, in bytes.
const maxOutput = 4 << 10

// maxRotated is how many values of one secret are hidden: an answer under way
// may still hold the one before the newest. Tokens change all the time.
const maxRotated = 3

// redacted stands where a secret stood.
const redacted = "***"

// secrets reads the texts of one probe and remembers what must not be shown.
// It is safe for concurrent use.
type secrets struct {
	mu   sync.Mutex
	last map[string]string   // by path: what was read last
	kept map[string][]string // by path or use: the newest values
	hide []string            // every spelling of every value that is kept, the longest first
}

// read is the text's value now, so that a rotated secret is followed without a
// reload. While its file is unreadable the value read last is used.
func (s *secrets) read(t catalog.Text) (string, error) {
	value, err := t.Read()
	if t.File == nil {
		return value, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		if old, ok := s.last[t.File.Path]; ok {
			return old, nil
		}
		return "", err
	}
	if s.last[t.File.Path] != value {
		if s.last == nil {
			s.last = make(map[string]string)
		}
		s.last[t.File.Path] = value
		s.add(t.File.Path, value)
	}
	return value, nil
}

// conceal hides a value that is secret by its use, and forgets what was used so
// long before.
func (s *secrets) conceal(use, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(use, value)
}

// add hides a value. The caller locks.
func (s *secrets) add(use, value string) {
	if value == "" || slices.Contains(s.kept[use], value) {
		return
	}
	if s.kept == nil {
		s.kept = make(map[string][]string)
	}
	values := append(s.kept[use], value)
	s.kept[use] = slices.Clone(values[max(0, len(values)-maxRotated):])
	s.hide = nil
	for _, values := range s.kept {
		for _, value := range values {
			s.hide = append(s.hide, spellings(value)...)
		}
	}
	slices.SortFunc(s.hide, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	s.hide = slices.Compact(s.hide)
}

// spellings are those in which a value may come back in an answer.
func spellings(value string) []string {
	quoted, _ := json.Marshal(value)
	return []string{
		value,
		url.QueryEscape(value),
		url.PathEscape(value),
		html.EscapeString(value),
		strings.Trim(string(quoted), `"`),
		base64.StdEncoding.EncodeToString([]byte(value)),
	}
}

// redact replaces every known secret in text.
func (s *secrets) redact(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, value := range s.hide {
		text = strings.ReplaceAll(text, value, redacted)
	}
	return text
}

// clean makes text fit to be shown: no secret, one line, printable, valid
// UTF-8, bounded.
func (s *secrets) clean(text string) string {
	if text == "" {
		return ""
	}
	return bound(printable(s.redact(text)), MaxText)
}

// cleanResult makes everything in a result fit to be shown. A label that has a
// secret is left out: what is put in its place might be there already.
func (s *secrets) cleanResult(r Result) Result {
	r.Text = s.clean(r.Text)
	r.Components = s.cleanComponents(r.Components)
	r.Performance = slices.DeleteFunc(r.Performance, func(p Performance) bool { return s.redact(p.Label) != p.Label })
	if d := r.Detail; d != nil {
		d.Expected, d.Found, d.Output = s.clean(d.Expected), s.clean(d.Found), s.cleanLines(d.Output)
	}
	return r
}

// cleanComponents cleans the names, of which each then stands there once.
func (s *secrets) cleanComponents(list []Component) []Component {
	kept := list[:0:0]
	for _, c := range list {
		c.Name = s.clean(c.Name)
		if !slices.ContainsFunc(kept, func(k Component) bool { return k.Name == c.Name }) {
			kept = append(kept, c)
		}
	}
	return kept
}

// cleanLines is clean for several lines, of which it keeps the end.
func (s *secrets) cleanLines(text string) string {
	var lines []string
	for line := range strings.Lines(s.redact(text)) {
		lines = append(lines, printable(line))
	}
	text = strings.TrimSpace(strings.Join(lines, "\n"))
	if start := len(text) - maxOutput; start > 0 {
		for start < len(text) && !utf8.RuneStart(text[start]) {
			start++
		}
		text = text[start:]
	}
	return text
}

// printable replaces what does not print and folds white space.
func printable(text string) string {
	var b strings.Builder
	space := false
	for _, r := range text {
		switch {
		case unicode.IsSpace(r):
			space = true
			continue
		case r == utf8.RuneError || !unicode.IsPrint(r):
			r = '?'
		}
		if space && b.Len() > 0 {
			b.WriteByte(' ')
		}
		space = false
		b.WriteRune(r)
	}
	return b.String()
}

// bound cuts text to at most limit bytes at the border of a character.
func bound(text string, limit int) string {
	const mark = "…"
	if len(text) <= limit {
		return text
	}
	cut := limit - len(mark)
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + mark
}

// quote puts text of ours or the service's in quotation marks, bounded.
func quote(text string) string { return strconv.Quote(bound(printable(text), 100)) }
