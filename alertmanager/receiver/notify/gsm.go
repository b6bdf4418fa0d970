package notify

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The alphabet of text messages is that of 3GPP TS 23.038, 6.2.1 and 6.2.1.1. A
// text of it has 160 septets, or 153 in each part of several; any other is sent
// as UTF-16, of which 70 units fit, or 67 in each part. Networks charge by part.
const (
	gsmAlphabet = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtension = "\f^{}\\[~]|€" // two septets each

	gsmAlone, gsmPart   = 160, 153
	wideAlone, widePart = 70, 67
)

// partsOf is in how many parts a network sends a text. What takes two places is
// not torn apart.
func partsOf(text string) int {
	width, alone, part := gsmWidth, gsmAlone, gsmPart
	if !isGSM(text) {
		width, alone, part = utf16Width, wideAlone, widePart
	}
	total, parts, used := 0, 1, 0
	for _, r := range text {
		w := width(r)
		total += w
		if used += w; used > part {
			parts, used = parts+1, w
		}
	}
	if total <= alone {
		return 1
	}
	return parts
}

func isGSM(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return !inGSM(r) }) < 0
}

func inGSM(r rune) bool {
	return strings.ContainsRune(gsmAlphabet, r) || strings.ContainsRune(gsmExtension, r)
}

func gsmWidth(r rune) int {
	if strings.ContainsRune(gsmExtension, r) {
		return 2
	}
	return 1
}

func utf16Width(r rune) int {
	if r > 0xFFFF {
		return 2
	}
	return 1
}

// plainer are characters that have another spelling in the alphabet of text
// messages, which no rule of Unicode's gives.
var plainer = strings.NewReplacer(
	"‘", "'", "’", "'", "‚", "'", "‛", "'", "′", "'", "`", "'", "´", "'", "“", `"`, "”", `"`, "„", `"`, "″", `"`, "«", `"`, "»", `"`, "‹", "'", "›", "'",
	"−", "-", "•", "-", "·", "-", "→", "->", "←", "<-", "≥", ">=", "≤", "<=", "≠", "!=", "±", "+/-", "×", "x", "÷", "/", "⁄", "/", "µ", "u",
	"ł", "l", "Ł", "L", "đ", "d", "Đ", "D", "ð", "d", "Ð", "D", "þ", "th", "Þ", "Th", "œ", "oe", "Œ", "OE", "ı", "i",
	"\n", " ",
)

// inGSMLetters spells a text by the alphabet of text messages where that is as
// easy to read: typographic marks become plain ones, letters lose what is above
// or below them, and pictures go. Other scripts stay as they are.
func inGSMLetters(text string) string {
	var b strings.Builder
	for _, r := range plainer.Replace(norm.NFC.String(text)) {
		switch {
		case inGSM(r):
			b.WriteRune(r)
		case unicode.Is(unicode.Pd, r):
			b.WriteByte('-')
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		default:
			b.WriteString(spelled(r))
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// spelled is one character that the alphabet does not have: what it is made of
// without its marks, nothing for a picture, or itself.
func spelled(r rune) string {
	bare := strings.Map(func(part rune) rune {
		if unicode.Is(unicode.Mn, part) {
			return -1
		}
		return part
	}, plainer.Replace(norm.NFKD.String(string(r))))
	switch {
	case bare != "" && isGSM(bare):
		return bare
	case unicode.In(r, unicode.So, unicode.Sk, unicode.Variation_Selector, unicode.Co), r == '\u20e3': // the last makes a key of a digit
		return ""
	}
	return string(r)
}

const (
	// mostParts is in how many parts a text message goes out.
	mostParts = 3
	// leastStart is how much is left of its start, whatever stands at its end.
	leastStart = 60
)

// textOf is a text message: its start, cut so that all fits, and its end, of
// which nothing may be missing. There is room for what the provider puts ahead.
func textOf(ahead, start, end string) string {
	start = inGSMLetters(start)
	for most := mostParts; ; most++ {
		if partsOf(ahead+start+end) <= most {
			return start + end
		}
		cut := cutTo(ahead, start, end, most)
		if utf8.RuneCountInString(cut) >= min(leastStart, utf8.RuneCountInString(start)) {
			return cut + "..." + end
		}
	}
}

// cutTo is the longest beginning of start that fits between what is ahead and the
// end.
func cutTo(ahead, start, end string, most int) string {
	fits := 0
	for at := range start {
		if partsOf(ahead+start[:at]+"..."+end) > most {
			break
		}
		fits = at
	}
	return strings.TrimRight(start[:fits], " ")
}
