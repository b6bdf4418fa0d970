package notify

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPartsOfATextMessage(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       int
	}{
		{"nothing", "", 1},
		{"one", strings.Repeat("a", 160), 1},
		{"one more", strings.Repeat("a", 161), 2},
		{"two", strings.Repeat("a", 306), 2},
		{"two and one", strings.Repeat("a", 307), 3},
		{"three", strings.Repeat("a", 459), 3},
		{"three and one", strings.Repeat("a", 460), 4},
		{"an accent of the alphabet", strings.Repeat("é", 160), 1},
		{"two septets each", strings.Repeat("€", 80), 1},
		{"two septets each, one more", strings.Repeat("€", 81), 2},
		{"an escape is not torn from its character", strings.Repeat("{", 153), 3}, // 76 in each part: 153 septets hold no half
		{"UTF-16", strings.Repeat("ж", 70), 1},
		{"UTF-16, one more", strings.Repeat("ж", 71), 2},
		{"UTF-16 in two", strings.Repeat("ж", 134), 2},
		{"UTF-16 in three", strings.Repeat("ж", 135), 3},
		{"an emoji is two units", strings.Repeat("🔥", 35), 1},
		{"an emoji is two units, one more", strings.Repeat("🔥", 36), 2},
		{"a pair is not torn apart", strings.Repeat("🔥", 67), 3}, // 33 in each part
		{"one quote makes it wide", strings.Repeat("a", 70) + "’", 2},
		{"a letter that is only upper case there", strings.Repeat("ç", 71), 2},
	} {
		require.Equal(t, c.want, partsOf(c.text), c.name)
	}
	require.Equal(t, 127, len([]rune(gsmAlphabet)), "all but the escape")
}

func TestSpellingForTextMessages(t *testing.T) {
	for text, want := range map[string]string{
		"“shop” – it’s down… now": `"shop" - it's down... now`, "a\u00a0b\u2009c\u202fd": "a b c d", "non\u2011breaking": "non-breaking",
		"café, Müller, Ångström": "café, Müller, Ångström", "cafe\u0301": "café", "Llŷn, Ŵyr, façade, Łódź": "Llyn, Wyr, façade, Lodz",
		"🔥 down 🚒!": "down !", "1️⃣ of 2": "1 of 2", "≥ 90 % → page": ">= 90 % -> page", "40 °C, 5 µs, m², ½": "40 C, 5 us, m2, 1/2", "ﬁle™": "fileTM",
		"{a} [b] ~ | ^ \\ €": "{a} [b] ~ | ^ \\ €", "магазин не работает": "магазин не работает", "店舗": "店舗", "": "",
	} {
		want = strings.ReplaceAll(want, "façade", "facade")
		require.Equal(t, want, inGSMLetters(text))
	}
}

// TestATextMessageStaysWithinItsParts, whatever is written, and nothing of its
// end is missing.
func TestATextMessageStaysWithinItsParts(t *testing.T) {
	link := " https://board.example.org/acknowledge/" + strings.Repeat("Ab3_-", 20)
	for name, c := range map[string]struct {
		start, end string
		most       int
	}{
		"short":                     {"shop is down.", link, 1},
		"long":                      {strings.Repeat("shop is down – again… ", 50), link, 3},
		"long in another script":    {strings.Repeat("магазин не работает ", 50), " Reply ACK 7. (7.1)", 3},
		"long in two":               {strings.Repeat("a", 400) + strings.Repeat("ж", 100), link, 3},
		"dear characters":           {strings.Repeat("{€}", 300), link, 3},
		"pictures only":             {strings.Repeat("🔥", 300), link, 1},
		"a long end":                {strings.Repeat("shop is down ", 50), strings.Repeat(link, 3), 4},
		"a longer end than allowed": {"shop is down", strings.Repeat(link, 6), 6},
		"a wide end":                {strings.Repeat("shop is down ", 50), " ж" + link, 4},
	} {
		got := textOf("", c.start, c.end)
		require.LessOrEqual(t, partsOf(got), c.most, "%s: %s", name, got)
		require.True(t, strings.HasSuffix(got, c.end), name)
		require.NotContains(t, got, "…")
	}
	require.True(t, isGSM(textOf("", strings.Repeat("shop “is” down… ", 50), link)), "what is cut is not paid three times")
}

// TestThereIsRoomForTheNameOfTheService that Notify puts ahead: with it the text
// still has no part more.
func TestThereIsRoomForTheNameOfTheService(t *testing.T) {
	require.Equal(t, 41, len(govukAhead))
	for name, c := range map[string]struct {
		start string
		most  int // characters
	}{
		"GSM-7":            {strings.Repeat("shop is down ", 50), 459 - 41},
		"two septets each": {strings.Repeat("{", 600), 459 - 41 - 60},
		"UTF-16":           {strings.Repeat("магазин не работает ", 50), 201 - 41},
		"pairs":            {strings.Repeat("𠀀", 300), 201 - 41 - 50}, // Chinese beyond the first plane
	} {
		got := textOf(govukAhead, c.start, " Reply ACK 7. (7.1)")
		require.Equal(t, 3, partsOf(govukAhead+got), name)
		require.LessOrEqual(t, len([]rune(got)), c.most, name)
		require.Greater(t, partsOf(govukAhead+strings.Repeat("x", 5)+got), 3, "%s: nothing is wasted: %s", name, got)
		require.True(t, strings.HasSuffix(got, "... Reply ACK 7. (7.1)"), name)
	}
	short := textOf(govukAhead, "shop is down", " (7.1)")
	require.Equal(t, "shop is down (7.1)", short)
}

func FuzzTextMessages(f *testing.F) {
	f.Add("shop “is” down… ж🔥", " Reply ACK 7.")
	f.Fuzz(func(t *testing.T, start, end string) {
		got := textOf("", OneLine(start, mostOfStart), OneLine(end, 200))
		require.True(t, strings.HasSuffix(got, OneLine(end, 200)))
		require.LessOrEqual(t, partsOf(got), 5)
	})
}
