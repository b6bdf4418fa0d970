package figures

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Unit says how a value is written.
type Unit string

// The units. A state is 1 for up and 0 for down.
const (
	State   Unit = "state"
	Ratio   Unit = "ratio"
	Seconds Unit = "seconds"
	Count   Unit = "count"
)

// Question is one chart: what Prometheus is asked, and how the answer reads.
//
// In Query and Limit, $service is the service's name as a quoted string,
// $dependencies a quoted pattern of the services that it depends on, $step the
// distance of two points and $range the same, but at least a minute, and $window
// that of the objective, $seconds the same as a number.
type Question struct {
	Name   string // in addresses and files
	Title  string
	Unit   Unit
	Query  string
	Limit  string // gives one value, the threshold; "" for none
	Lowest bool   // where points are thinned out, the lowest stays, not the highest
	Points int    // of the whole span; 0 for as many as are kept of others
}

// Questions is the table of what is read around an incident. To add a chart,
// write its row. Rules and metrics that it names must exist: a test compares.
func Questions() []Question {
	return []Question{
		{
			Name: "service", Title: "Service, by the vote of the locations", Unit: State, Lowest: true,
			Query: `min by (service) (min_over_time(service:tocsin_probe_up:min{service=$service}[$step]))`,
		},
		{
			Name: "probes", Title: "Probes, by location", Unit: State, Lowest: true,
			Query: `min by (probe, location) (min_over_time(service_probe_location:tocsin_probe_up:min{service=$service}[$step]))`,
		},
		{
			Name: "dependencies", Title: "What it depends on", Unit: State, Lowest: true,
			Query: `min by (service) (min_over_time(service:tocsin_probe_up:min{service=~$dependencies}[$step]))`,
		},
		{
			Name: "latency", Title: "Time of a probe's run", Unit: Seconds,
			Query: `max by (probe, location) (max_over_time(tocsin_probe_last_duration_seconds{service=$service,phase="total"}[$range]))`,
			Limit: `max(service_signal_probe:tocsin_threshold_seconds:newest{service=$service,signal="latency"}) == min(service_signal_probe:tocsin_threshold_seconds:newest{service=$service,signal="latency"})`,
		},
		{
			Name: "users", Title: "Usage", Unit: Count, Lowest: true,
			Query: `max by (usage) (last_over_time(tocsin_usage_value{service=$service}[$range]))`,
		},
		{
			Name: "budget", Title: "Error budget left", Unit: Ratio, Points: 12, Lowest: true,
			// What the objective allows is of the whole window, not of the part of it in
			// which the service was seen: that part is what was counted, against what
			// the last ten minutes had.
			Query: `1 - (1 - avg_over_time(service:tocsin_probe_up:min{service=$service}[$window]))
* clamp_max(count_over_time(service:tocsin_probe_up:min{service=$service}[$window]) / (count_over_time(service:tocsin_probe_up:min{service=$service}[10m]) * $seconds / 600), 1)
/ on (service) (1 - max by (service) (tocsin_objective_ratio{service=$service,objective="availability"}))`,
		},
		{
			Name: "memory", Title: "Memory, of its limit", Unit: Ratio,
			Query: `max by (component, instance) (max_over_time(service_component_instance:tocsin_memory_used:ratio{service=$service}[$range]))`,
			Limit: `max(service_resource:tocsin_threshold_ratio:newest{service=$service,resource="memory"})`,
		},
		{
			Name: "cpu", Title: "Processors, of their limit", Unit: Ratio,
			Query: `max by (component, instance) (max_over_time(service_component_instance:tocsin_cpu_used:ratio_avg5m{service=$service}[$range]))`,
			Limit: `max(service_resource:tocsin_threshold_ratio:newest{service=$service,resource="cpu"})`,
		},
		{
			Name: "disk", Title: "Disks, of their size", Unit: Ratio,
			Query: `max by (component, disk, unit) (max_over_time(service_component_disk_unit:tocsin_disk_used:ratio{service=$service}[$range]))`,
			Limit: `max(service_resource:tocsin_threshold_ratio:newest{service=$service,resource="disk"})`,
		},
	}
}

// RunsQuery asks when the last run of each pipeline of the services $around ended:
// the value is the instant, the label its result.
const RunsQuery = `max by (service, pipeline) (tocsin_pipeline_last_run_timestamp_seconds{service=~$around})
* on (service, pipeline) group_right ()
(max by (service, pipeline, result) (tocsin_pipeline_last_run_result{service=~$around}) == 1)`

// Subject is the service that an incident is about.
type Subject struct {
	Service      string
	Dependencies []string // direct or by others, the nearest first
	Objective    Objective
}

// Objective is the availability that is aimed at, as a ratio over a window.
type Objective struct {
	Availability float64       `json:"availability"`
	Window       time.Duration `json:"window"`
}

// fill puts a subject into a query.
func (s Subject) fill(query string, step time.Duration) string {
	return strings.NewReplacer(
		"$service", strconv.Quote(s.Service),
		"$dependencies", pattern(s.Dependencies),
		"$around", pattern(append([]string{s.Service}, s.Dependencies...)),
		"$step", promDuration(step), "$range", promDuration(max(step, time.Minute)), "$window", promDuration(s.Objective.Window), "$seconds", strconv.FormatInt(int64(s.Objective.Window/time.Second), 10),
	).Replace(query)
}

// pattern matches any of the names, and nothing where there are none.
func pattern(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = regexp.QuoteMeta(name)
	}
	return strconv.Quote(strings.Join(quoted, "|"))
}

func promDuration(d time.Duration) string {
	return strconv.FormatInt(int64(d/time.Second), 10) + "s"
}
