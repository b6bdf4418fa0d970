package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Times as people write them, on either side of a change of clocks.
func TestInstant(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	now := time.Date(2026, 10, 24, 23, 30, 0, 0, london)
	for text, want := range map[string]string{
		"2026-12-05T22:00:00Z":                 "2026-12-05T22:00:00Z",
		"2026-12-05T22:00:00+02:00":            "2026-12-05T20:00:00Z",
		"2026-07-05 22:00":                     "2026-07-05T21:00:00Z",
		"2026-07-05T22:00":                     "2026-07-05T21:00:00Z",
		"2026-07-05T22:00:30":                  "2026-07-05T21:00:30Z",
		"2026-07-05":                           "2026-07-04T23:00:00Z",
		"2026-07-05 22:00 UTC":                 "2026-07-05T22:00:00Z",
		"2026-07-05 22:00 z":                   "2026-07-05T22:00:00Z",
		"2026-07-05 22:00 America/New_York":    "2026-07-06T02:00:00Z",
		"2026-10-25 01:30":                     "2026-10-25T00:30:00Z", // twice: the first
		"2026-03-29 01:30":                     "2026-03-29T01:00:00Z", // skipped: the change
		"2026-04-05 01:45 Australia/Lord_Howe": "2026-04-04T14:45:00Z",
		"2026-04-24 00:30 Africa/Cairo":        "2026-04-23T22:00:00Z",
		"23:45":                                "2026-10-24T22:45:00Z",
		"today 23:45":                          "2026-10-24T22:45:00Z",
		"tomorrow 09:00":                       "2026-10-25T09:00:00Z",
		"Tomorrow 09:00 Pacific/Auckland":      "2026-10-25T20:00:00Z", // where it is the 25th already
	} {
		at, err := instant("--at", text, now)
		require.NoError(t, err, text)
		require.Equal(t, want, at.UTC().Format(time.RFC3339), text)
	}
	for text, want := range map[string]string{
		"noon":                         `--at: got "noon", want a time such as 2026-12-05T22:00:00Z, `,
		"tomorrow":                     `--at: got "tomorrow", want a time`,
		"25:00":                        `--at: got "25:00", want a time`,
		"":                             `--at: got "", want a time`,
		"2026-02-30":                   `want a time`,
		"2026-12-05 22:00 Middle":      `--at: got "2026-12-05 22:00 Middle", of which "Middle" is no zone (want one such as Europe/London or UTC)`,
		"2026-12-05 22:00 Local":       `is no zone`,
		"2026-12-05 22:00 ../etc/noon": `is no zone`,
	} {
		_, err := instant("--at", text, now)
		require.ErrorContains(t, err, want, text)
	}
}
