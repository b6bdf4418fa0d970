package catalog

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// Duration is a length of time as Prometheus writes it: 15s, 3m, 1h30m, 21d,
// 1w. Zero means not given, and cannot be given.
type Duration time.Duration

// ParseDuration reads a duration that stands elsewhere, as the catalogue does.
func ParseDuration(text string) (Duration, error) {
	var d Duration
	err := d.parse(text)
	return d, err
}

// Std is the duration as Go's standard library takes it.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String writes the duration as the catalogue does.
func (d Duration) String() string { return model.Duration(d).String() }

func (d *Duration) parse(text string) error {
	parsed, err := model.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("malformed duration (got %s, want one such as 15s, 3m, 1h30m, 21d or 1w)", clipped(text))
	}
	if parsed == 0 {
		return fmt.Errorf("a duration of nothing (got %s, want one such as 15s; leave the key out for the default)", clipped(text))
	}
	*d = Duration(parsed)
	return nil
}

// Ratio is a share between 0 and 1, written 80% or 0.8. Zero means not given,
// and cannot be given.
type Ratio float64

// String writes the ratio in per cent.
func (r Ratio) String() string { return strconv.FormatFloat(float64(r)*100, 'g', 6, 64) + "%" }

func (r *Ratio) parse(text string) error {
	digits, percent := strings.CutSuffix(text, "%")
	if strings.Trim(digits, "0123456789.") != "" {
		return fmt.Errorf("malformed ratio (got %s, want one such as 80%% or 0.8)", clipped(text))
	}
	if percent {
		digits += "e-2" // and not a division, so that 99.9% is exactly 0.999
	}
	share, err := strconv.ParseFloat(digits, 64)
	switch {
	case err != nil:
		return fmt.Errorf("malformed ratio (got %s, want one such as 80%% or 0.8)", clipped(text))
	case share > 1:
		return fmt.Errorf("a ratio over 100%% (got %s, want one such as 80%% or 0.8)", clipped(text))
	case share == 0:
		return fmt.Errorf("a ratio of nothing (got %s, want one such as 80%% or 0.8; leave the key out for the default)", clipped(text))
	}
	*r = Ratio(share)
	return nil
}

// Bytes is an amount of memory, written 512MiB or 1GB. Zero means not given,
// and cannot be given.
type Bytes int64

func byteUnits() map[string]float64 {
	return map[string]float64{
		"": 1, "B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
		"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
	}
}

func (b *Bytes) parse(text string) error {
	digits := text[:len(text)-len(strings.TrimLeft(text, "0123456789."))]
	unit, known := byteUnits()[strings.TrimSpace(text[len(digits):])]
	number, err := strconv.ParseFloat(digits, 64)
	amount := number * unit
	switch {
	case err != nil || !known || amount > math.MaxInt64/2:
		return fmt.Errorf("malformed amount of memory (got %s, want one such as 512MiB or 1GB)", clipped(text))
	case amount < 1:
		return fmt.Errorf("no memory at all (got %s, want an amount such as 512MiB; leave the key out for no limit)", clipped(text))
	}
	*b = Bytes(amount)
	return nil
}

// Regexp is an RE2 expression that compiled.
type Regexp struct{ *regexp.Regexp }

func (r *Regexp) parse(text string) error {
	compiled, err := regexp.Compile(text)
	if err != nil {
		return fmt.Errorf("malformed regular expression: %s", reason(err))
	}
	r.Regexp = compiled
	return nil
}

// choice is the value among a few that text names.
func choice[T ~string](text string, choices ...T) (T, error) {
	words := make([]string, len(choices))
	for i, c := range choices {
		words[i] = string(c)
		if text == words[i] {
			return c, nil
		}
	}
	return "", fmt.Errorf("got %s, want %s%s", clipped(text), oneOf(words), suggested(closest(text, words)))
}

// reason is the text of an error without the prefix that its package repeats.
func reason(err error) string {
	text := err.Error()
	for _, prefix := range []string{"error parsing regexp: ", "parse "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return text
}
