package inbound

import (
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of what is kept of a sender's texts, in bytes.
const (
	maxLine  = 200
	maxText  = 2000
	maxLink  = 2000
	maxPairs = 64 // dimensions or labels of one alert
)

// line is text on one line, without what does not print, and not too long.
func line(text string) string {
	return cut(strings.Join(strings.Fields(printable(text)), " "), maxLine)
}

// paragraph is the same, with its line ends.
func paragraph(text string) string {
	var lines []string
	for one := range strings.SplitSeq(printable(text), "\n") {
		lines = append(lines, strings.Join(strings.Fields(one), " "))
	}
	return cut(strings.TrimSpace(strings.Join(lines, "\n")), maxText)
}

// printable takes out control characters, and those that turn the direction of
// writing: with them a text can show what it does not say.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}

func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most] + "…"
}

// link is an address for people to follow, or "" for anything else.
func link(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || len(text) > maxLink || printable(text) != text {
		return ""
	}
	return u.String()
}

// instant reads a time in any of the forms, or gives zero. Zero times of other
// languages are none.
func instant(text string, forms ...string) time.Time {
	for _, form := range forms {
		if t, err := time.Parse(form, text); err == nil && t.Year() > 1970 {
			return t.UTC()
		}
	}
	return time.Time{}
}
