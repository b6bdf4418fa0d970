package ical

import (
	"strings"
	"time"
)

// zones finds the zones that a calendar names, each once.
type zones struct {
	calendar *component
	found    map[string]*time.Location
	unknown  []string // names of which nothing is known
}

// find gives the zone of a TZID; nil for that of the reader when nothing is known
// of the name.
func (z *zones) find(name string) *time.Location {
	if zone, seen := z.found[name]; seen {
		return zone
	}
	zone := named(name)
	if zone == nil {
		zone = z.defined(name)
	}
	if zone == nil {
		z.unknown = append(z.unknown, name)
	}
	z.found[name] = zone
	return zone
}

// named understands the names of the IANA database, also at the end of a path
// as Evolution and Thunderbird write them, and those of Windows and its
// programs.
func named(name string) *time.Location {
	name = strings.TrimSpace(name)
	if zone := iana(name); zone != nil {
		return zone
	}
	if strings.EqualFold(name, "tzone://Microsoft/Utc") {
		return time.UTC
	}
	parts := strings.Split(name, "/")
	for n := max(1, len(parts)-3); n < len(parts)-1; n++ {
		if zone := iana(strings.Join(parts[n:], "/")); zone != nil {
			return zone
		}
	}
	if zone := iana(windowsZone(name)); zone != nil {
		return zone
	}
	return displayed(name)
}

func iana(name string) *time.Location {
	if name == "" || name == "Local" {
		return nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	return zone
}

// displayed understands what Windows shows to people: (UTC+00:00) Dublin,
// Edinburgh, Lisbon, London, or (UTC-05:00) Eastern Time (US & Canada). The zone
// of any city of such a list is that of all.
func displayed(name string) *time.Location {
	offset, cities, found := strings.Cut(name, ") ")
	if !found || !strings.HasPrefix(offset, "(UTC") && !strings.HasPrefix(offset, "(GMT") {
		return nil
	}
	if cities == "Coordinated Universal Time" {
		return time.UTC
	}
	if at, is := strings.CutSuffix(strings.TrimSuffix(cities, " (US & Canada)"), " Time"); is {
		return iana(windowsZone(at + " Standard Time"))
	}
	for city := range strings.SplitSeq(cities, ",") {
		city = strings.ReplaceAll(strings.TrimSpace(city), " ", "_")
		for _, region := range []string{"Europe", "America", "Asia", "Australia", "Pacific", "Africa", "Atlantic"} {
			if zone := iana(region + "/" + city); zone != nil && city != "" {
				return zone
			}
		}
	}
	return nil
}

// defined makes a zone out of what the calendar itself says of it.
func (z *zones) defined(name string) *time.Location {
	for _, part := range z.calendar.parts {
		if part.name != "VTIMEZONE" || !strings.EqualFold(strings.Trim(part.get("TZID").value, `" `), strings.TrimSpace(name)) {
			continue
		}
		if zone := named(part.get("X-LIC-LOCATION").value); zone != nil {
			return zone
		}
		return ruled(name, part)
	}
	return nil
}
