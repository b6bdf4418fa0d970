package catalog

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestComparisonsHold(t *testing.T) {
	for _, test := range []struct {
		comparison string
		holds, not []string
	}{
		{"< 100", []string{"99.9", "-5", " 1e1 "}, []string{"100", "1e3", "", "ready", "NaN"}},
		{"<=100", []string{"100", "-inf"}, []string{"100.1"}},
		{"> 5", []string{"6", "+Inf"}, []string{"5", "t"}},
		{">= -5", []string{"-5", "0"}, []string{"-6"}},
		{"== 1", []string{"1", "1.0", "1e0"}, []string{"2", "one", "NaN", ""}},
		{"!= 1", []string{"2"}, []string{"1", "1.0", "NaN", "one", ""}},
		{"== ready", []string{"ready", "ready\n"}, []string{"Ready", "", "not ready"}},
		{"!= ready", []string{"Ready", ""}, []string{"ready"}},
		{`== "1"`, []string{"1"}, []string{"1.0"}},
		{`== ""`, []string{"", "  "}, []string{"0"}},
		{`!= "a \"b\""`, []string{"a b"}, []string{`a "b"`}},
		{"== a == b", []string{"a == b"}, []string{"a"}},
	} {
		c, err := ParseComparison(test.comparison)
		require.NoError(t, err)
		require.False(t, c.IsZero())
		for _, found := range test.holds {
			require.True(t, c.Holds(found), "%q %s", found, test.comparison)
		}
		for _, found := range test.not {
			require.False(t, c.Holds(found), "%q %s", found, test.comparison)
		}
		again, err := ParseComparison(c.String())
		require.NoError(t, err, c.String())
		require.Equal(t, c, again)
	}
	text, err := ParseComparison("== 5x")
	require.NoError(t, err)
	require.False(t, text.Numeric())
	require.False(t, text.HoldsNumber(5))
	number, err := ParseComparison("!= 5")
	require.NoError(t, err)
	require.True(t, number.Numeric())
	require.True(t, number.HoldsNumber(6))
	require.False(t, number.HoldsNumber(math.NaN()))
	require.Empty(t, Comparison{}.String())
	require.True(t, Comparison{}.IsZero())
}

func TestComparisonsThatAreNone(t *testing.T) {
	const malformed = `, want one such as "< 100", "== 1" or "== ready", in quotation marks)`
	for text, problem := range map[string]string{
		"":                               `malformed comparison (got ""` + malformed,
		"5":                              `malformed comparison (got "5"` + malformed,
		"= 5":                            `malformed comparison (got "= 5"` + malformed,
		"===5":                           `malformed comparison (got "===5"` + malformed,
		"<":                              `malformed comparison (got "<"` + malformed,
		"=> 5":                           `malformed comparison (got "=> 5"` + malformed,
		"< ready":                        `only numbers are compared with < (got "ready", want a number, or == or != before a text)`,
		"> NaN":                          `only numbers are compared with > (got "NaN", want a number, or == or != before a text)`,
		`== "ready`:                      `the text of a comparison has one quotation mark only (want one such as == "ready")`,
		"== " + strings.Repeat("x", 201): "the text of a comparison is too long (got 201 bytes, want at most 200)",
	} {
		_, err := ParseComparison(text)
		require.EqualError(t, err, problem)
	}
}
