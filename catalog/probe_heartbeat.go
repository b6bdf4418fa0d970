package catalog

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/robfig/cron/v3"
)

// HeartbeatProbe is the other way round: a job calls the exporter's
// /heartbeat/SERVICE/PROBE, and the probe fails when the job says that it
// failed, does not call in time, or runs too long. Every is the time from
// success to success, or Schedule when the job runs, as cron writes it.
type HeartbeatProbe struct {
	Every      Duration `yaml:"every,omitempty"`
	Schedule   string   `yaml:"schedule,omitempty"` // five fields, or a word such as @daily
	Timezone   string   `yaml:"timezone,omitempty"` // of the schedule; UTC by default
	Grace      Duration `yaml:"grace,omitempty"`    // what a success may be late; 5m by default
	MaxRuntime Duration `yaml:"max_runtime,omitempty"`
	Token      *Secret  `yaml:"token,omitempty"` // what the job proves itself with, as a bearer token
}

// Timetable says by when a job must have succeeded again after a success, the
// grace not included. The error says what is wrong with the schedule.
func (p *HeartbeatProbe) Timetable() (func(success time.Time) time.Time, error) {
	if p.Schedule == "" {
		return func(success time.Time) time.Time { return success.Add(p.Every.Std()) }, nil
	}
	zone, err := time.LoadLocation(p.Timezone)
	if err != nil {
		return nil, err
	}
	times, err := cron.ParseStandard(p.Schedule)
	if err != nil {
		return nil, err
	}
	return func(success time.Time) time.Time { return times.Next(success.In(zone)) }, nil
}

func (p *HeartbeatProbe) complete() {
	p.Timezone = or(p.Timezone, "UTC")
	p.Grace = or(p.Grace, Duration(5*time.Minute))
}

func (p *HeartbeatProbe) check(c *checker, path string) {
	c.exactlyOne(path, "how often the job runs", "every", "schedule")
	if _, err := time.LoadLocation(p.Timezone); err != nil {
		c.add(below(path, "timezone"), "unknown time zone (got %s, want one such as Europe/London)", clipped(p.Timezone))
		return
	}
	next, err := p.Timetable()
	switch {
	case err != nil:
		c.add(below(path, "schedule"), "malformed schedule: %v (want minute, hour, day, month and weekday, such as %q)", err, "30 3 * * 1-5")
	case p.Schedule != "" && next(time.Unix(0, 0)).IsZero():
		c.add(below(path, "schedule"), "got %s, which is never (want a day that exists)", clipped(p.Schedule))
	}
}

// checkHeartbeatPlace wants one location, because a job calls one exporter, and
// a name that the job's address can end with.
func (c *checker) checkHeartbeatPlace(path string, p *Probe) {
	if len(p.Locations) > 1 {
		c.add(below(path, "locations"), "got %d locations, want one: a job calls one exporter", len(p.Locations))
	}
	exit, err := strconv.Atoi(p.Name)
	if slices.Contains(HeartbeatSignals(), p.Name) || err == nil && exit <= 255 {
		c.add(path, "a heartbeat cannot be named %s, which is what a job says at the end of its address", p.Name)
	}
}

// HeartbeatSignals are what a job can say of itself.
func HeartbeatSignals() []string { return []string{"start", "success", "failure"} }

// String is the timetable in words.
func (p *HeartbeatProbe) String() string {
	if p.Schedule == "" {
		return fmt.Sprintf("every %s", p.Every)
	}
	return fmt.Sprintf("at %q in %s", p.Schedule, p.Timezone)
}
