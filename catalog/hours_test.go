package catalog_test

import (
	"testing"
	"time"
	_ "time/tzdata" // the test must not depend on the machine

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

func TestHoursContain(t *testing.T) {
	office := catalog.Hours{Days: "monday-friday", Times: "09:00-12:30, 13:30-17:30", Timezone: "Europe/London", Holidays: []string{"england-and-wales"}}
	night := catalog.Hours{Days: "friday-sunday", Times: "22:00-06:00", Timezone: "Europe/London", Holidays: []string{"england-and-wales"}}
	weekend := catalog.Hours{Days: "saturday-monday", Times: "00:00-24:00", Timezone: "UTC"}
	cases := []struct {
		name  string
		hours catalog.Hours
		at    string // UTC
		want  bool
	}{
		{"a summer morning is an hour earlier in UTC", office, "2026-07-01T08:00:00Z", true},
		{"just before", office, "2026-07-01T07:59:59Z", false},
		{"lunch", office, "2026-07-01T11:30:00Z", false},
		{"a winter morning", office, "2026-12-01T09:00:00Z", true},
		{"the end is outside", office, "2026-12-01T17:30:00Z", false},
		{"Saturday", office, "2026-07-04T10:00:00Z", false},
		{"Christmas", office, "2026-12-25T10:00:00Z", false},
		{"Boxing Day's substitute", office, "2026-12-28T10:00:00Z", false},
		{"Friday night", night, "2026-12-04T23:00:00Z", true},
		{"its morning", night, "2026-12-05T05:59:59Z", true},
		{"its end", night, "2026-12-05T06:00:00Z", false},
		{"Monday morning belongs to Sunday", night, "2026-12-07T03:00:00Z", true},
		{"Monday night", night, "2026-12-07T23:00:00Z", false},
		{"the morning after a holiday's night", night, "2026-12-26T03:00:00Z", false},
		{"a range over the end of the week", weekend, "2026-12-06T12:00:00Z", true},
		{"Monday's last minute", weekend, "2026-12-07T23:59:59Z", true},
		{"Tuesday", weekend, "2026-12-08T00:00:00Z", false},
		{"hours that would not load", catalog.Hours{Days: "someday", Times: "09:00-17:00", Timezone: "UTC"}, "2026-12-08T12:00:00Z", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			at, err := time.Parse(time.RFC3339, c.at)
			require.NoError(t, err)
			require.Equal(t, c.want, c.hours.Contains(at))
		})
	}
}

// The dates are those of www.gov.uk/bank-holidays; Scotland's 15 June 2026 was
// proclaimed for the World Cup.
func TestBankHolidays(t *testing.T) {
	published := map[string][]string{
		"england-and-wales": {
			"2026-01-01", "2026-04-03", "2026-04-06", "2026-05-04", "2026-05-25", "2026-08-31", "2026-12-25", "2026-12-28",
			"2027-01-01", "2027-03-26", "2027-03-29", "2027-05-03", "2027-05-31", "2027-08-30", "2027-12-27", "2027-12-28",
			"2028-01-03", "2028-04-14", "2028-04-17", "2028-05-01", "2028-05-29", "2028-08-28", "2028-12-25", "2028-12-26",
		},
		"scotland": {
			"2026-01-01", "2026-01-02", "2026-04-03", "2026-05-04", "2026-05-25", "2026-06-15", "2026-08-03", "2026-11-30", "2026-12-25", "2026-12-28",
			"2027-01-01", "2027-01-04", "2027-03-26", "2027-05-03", "2027-05-31", "2027-08-02", "2027-11-30", "2027-12-27", "2027-12-28",
			"2028-01-03", "2028-01-04", "2028-04-14", "2028-05-01", "2028-05-29", "2028-08-07", "2028-11-30", "2028-12-25", "2028-12-26",
		},
		"northern-ireland": {
			"2026-01-01", "2026-03-17", "2026-04-03", "2026-04-06", "2026-05-04", "2026-05-25", "2026-07-13", "2026-08-31", "2026-12-25", "2026-12-28",
			"2027-01-01", "2027-03-17", "2027-03-26", "2027-03-29", "2027-05-03", "2027-05-31", "2027-07-12", "2027-08-30", "2027-12-27", "2027-12-28",
			"2028-01-03", "2028-03-17", "2028-04-14", "2028-04-17", "2028-05-01", "2028-05-29", "2028-07-12", "2028-08-28", "2028-12-25", "2028-12-26",
		},
	}
	require.ElementsMatch(t, []string{"england-and-wales", "scotland", "northern-ireland"}, catalog.Calendars())
	for calendar, want := range published {
		var got []string
		for day := time.Date(2026, time.January, 1, 12, 0, 0, 0, time.UTC); day.Year() < 2029; day = day.AddDate(0, 0, 1) {
			if catalog.IsHoliday(calendar, day) {
				got = append(got, day.Format(time.DateOnly))
			}
		}
		require.Equal(t, want, got, calendar)
	}
	require.False(t, catalog.IsHoliday("atlantis", time.Date(2026, time.December, 25, 0, 0, 0, 0, time.UTC)))
	sunday := time.Date(2022, time.December, 27, 9, 0, 0, 0, time.UTC) // Christmas Day 2022 was a Sunday
	require.True(t, catalog.IsHoliday("scotland", sunday))
}
