package ical

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog/wallclock"
)

// ruled makes a zone out of the rules of a VTIMEZONE as they are now: one that
// changes clocks twice a year, or never. It is nil for any other.
func ruled(name string, zone *component) *time.Location {
	standard, summer := latest(zone, "STANDARD"), latest(zone, "DAYLIGHT")
	if standard == nil {
		return nil
	}
	offset, err := parseOffset(standard.get("TZOFFSETTO").value)
	if err != nil {
		return nil
	}
	if summer == nil || summer.get("RRULE").name == "" || standard.get("RRULE").name == "" {
		return time.FixedZone(name, offset)
	}
	ahead, err := parseOffset(summer.get("TZOFFSETTO").value)
	begin, okBegin := change(summer)
	end, okEnd := change(standard)
	if err != nil || !okBegin || !okEnd {
		return nil
	}
	rule := posix(offset) + posix(ahead) + "," + begin + "," + end
	location, err := time.LoadLocationFromTZData(name, zoneFile(offset, rule))
	if err != nil {
		return nil
	}
	return location
}

// latest is the newest part of a kind that has not ended.
func latest(zone *component, kind string) *component {
	var found *component
	var since wallclock.Reading
	for _, part := range zone.parts {
		begin, err := parseMoment(part.get("DTSTART"), nil)
		if part.name != kind || err != nil || strings.Contains(strings.ToUpper(part.get("RRULE").value), "UNTIL=") && kind == "DAYLIGHT" {
			continue
		}
		if found == nil || begin.at >= since {
			found, since = part, begin.at
		}
	}
	return found
}

// parseOffset reads +0100 or -043000 as seconds east.
func parseOffset(text string) (int, error) {
	text = strings.TrimSpace(text)
	if len(text) != 5 && len(text) != 7 || text[0] != '+' && text[0] != '-' {
		return 0, fmt.Errorf("want an offset such as +0100, got %.20q", text)
	}
	n, err := strconv.Atoi((text[1:] + "00")[:6])
	if err != nil || n < 0 || n > 240000 {
		return 0, fmt.Errorf("want an offset such as +0100, got %.20q", text)
	}
	seconds := n/10000*3600 + n/100%100*60 + n%100
	if text[0] == '-' {
		seconds = -seconds
	}
	return seconds, nil
}

// posix writes an offset as the rule of a POSIX zone does, west is positive.
func posix(offset int) string {
	sign, west := "", -offset
	if west < 0 {
		sign, west = "-", -west
	}
	return fmt.Sprintf("<Z>%s%d:%02d:%02d", sign, west/3600, west/60%60, west%60)
}

// change writes the yearly change of clocks of a part as such a rule does: the
// nth weekday of a month at a time.
func change(part *component) (string, bool) {
	begin, err := parseMoment(part.get("DTSTART"), nil)
	if err != nil {
		return "", false
	}
	r, err := parseRule(part.get("RRULE").value, moment{})
	if err != nil || r.frequency != "YEARLY" || len(r.months) != 1 || len(r.days) != 1 || len(r.monthDays) > 0 {
		return "", false
	}
	week := r.days[0].nth
	if week == -1 {
		week = 5
	}
	if week < 1 || week > 5 {
		return "", false
	}
	seconds := int(begin.at - wallclock.Reading(dateOf(begin.at).Unix()))
	return fmt.Sprintf("M%d.%d.%d/%d:%02d:%02d", r.months[0], week, r.days[0].weekday, seconds/3600, seconds/60%60, seconds%60), true
}

// zoneFile is the least that a compiled zone (RFC 8536) with a rule needs: no
// change of its own, one kind of time, and the rule as its footer.
func zoneFile(offset int, rule string) []byte {
	var b bytes.Buffer
	for range 2 { // in both versions
		b.WriteString("TZif2")
		b.Write(make([]byte, 15))
		_ = binary.Write(&b, binary.BigEndian, []uint32{0, 0, 0, 0, 1, 2}) // a buffer takes everything
		_ = binary.Write(&b, binary.BigEndian, int32(offset))              //nolint:gosec // less than a day
		b.WriteString("\x00\x00Z\x00")
	}
	b.WriteString("\n" + rule + "\n")
	return b.Bytes()
}
