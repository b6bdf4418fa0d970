package catalog

import (
	"slices"
	"time"
)

// Calendars are the names that Hours.Holidays may hold: the bank holidays of
// the United Kingdom as www.gov.uk/bank-holidays lists them. They are computed
// from the rules of the Banking and Financial Dealings Act 1971, so they know
// every year; days proclaimed for one year only are in a table and known up to
// 2028.
func Calendars() []string { return names(calendars()) }

// IsHoliday says whether the date of t, in t's location, is in a calendar. A
// calendar that is not shipped has no days.
func IsHoliday(calendar string, t time.Time) bool {
	of, known := calendars()[calendar]
	if !known {
		return false
	}
	today := date(t.Year(), t.Month(), t.Day())
	return slices.ContainsFunc(of(t.Year()), today.Equal) || slices.ContainsFunc(proclaimed()[calendar], today.Equal)
}

// HolidaysKnownUntil is the end of the last year whose proclaimed holidays the
// calendars know.
func HolidaysKnownUntil() time.Time { return date(2029, time.January, 1) }

func calendars() map[string]func(year int) []time.Time {
	return map[string]func(int) []time.Time{
		"england-and-wales": englandAndWales,
		"scotland":          scotland,
		"northern-ireland":  northernIreland,
	}
}

// proclaimed are the holidays of one year only.
func proclaimed() map[string][]time.Time {
	return map[string][]time.Time{
		"scotland": {date(2026, time.June, 15)}, // for the men's football World Cup
	}
}

func englandAndWales(year int) []time.Time {
	easter := easterSunday(year)
	days := []time.Time{
		easter.AddDate(0, 0, -2),
		easter.AddDate(0, 0, 1),
		firstMonday(year, time.May),
		lastMonday(year, time.May),
		lastMonday(year, time.August),
	}
	days = append(days, workdays(date(year, time.January, 1))...)
	return append(days, workdays(date(year, time.December, 25), date(year, time.December, 26))...)
}

func scotland(year int) []time.Time {
	days := []time.Time{
		easterSunday(year).AddDate(0, 0, -2),
		firstMonday(year, time.May),
		lastMonday(year, time.May),
		firstMonday(year, time.August),
	}
	days = append(days, workdays(date(year, time.January, 1), date(year, time.January, 2))...)
	days = append(days, workdays(date(year, time.November, 30))...)
	return append(days, workdays(date(year, time.December, 25), date(year, time.December, 26))...)
}

func northernIreland(year int) []time.Time {
	days := append(englandAndWales(year), workdays(date(year, time.March, 17))...)
	return append(days, workdays(date(year, time.July, 12))...)
}

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// workdays moves each day that falls on a weekend to the next working day that
// is none of the others: Christmas Day on a Sunday is kept on Tuesday, because
// Monday is Boxing Day.
func workdays(days ...time.Time) []time.Time {
	var kept []time.Time
	for _, day := range days {
		if !weekend(day) {
			kept = append(kept, day)
		}
	}
	for _, day := range days {
		if !weekend(day) {
			continue
		}
		for weekend(day) || slices.ContainsFunc(kept, day.Equal) {
			day = day.AddDate(0, 0, 1)
		}
		kept = append(kept, day)
	}
	return kept
}

func weekend(day time.Time) bool {
	return day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
}

func firstMonday(year int, month time.Month) time.Time {
	first := date(year, month, 1)
	return first.AddDate(0, 0, (8-int(first.Weekday()))%7)
}

func lastMonday(year int, month time.Month) time.Time {
	last := date(year, month+1, 0)
	return last.AddDate(0, 0, -(int(last.Weekday())+6)%7)
}

// easterSunday is by the anonymous Gregorian computus (Meeus, Astronomical
// Algorithms, chapter 8), whose variables have no names either.
func easterSunday(year int) time.Time {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return date(year, time.Month(n/31), n%31+1)
}
