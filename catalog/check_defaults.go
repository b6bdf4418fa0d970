package catalog

import "time"

// shortest is how often anything may be asked at most.
const shortest = Duration(time.Second)

func (c *checker) checkLocations() {
	for name, location := range c.Locations {
		path := below(below("locations", name), "references")
		for i, reference := range location.References {
			if reference != "" {
				c.checkReference(at(path, i), reference)
			}
		}
		c.distinct(path, location.References)
	}
}

func (c *checker) checkDefaults() {
	d := c.Defaults
	known(c, "defaults.location", "location", d.Location, c.Locations)
	c.checkObjective("defaults.objective", d.Objective)
	c.checkSchedule("defaults.probe", d.Probe)
}

// checkObjective refuses an objective without a budget: everything that burns
// it would divide by nothing.
func (c *checker) checkObjective(path string, o Objective) {
	if o.Availability == 1 && c.given(below(path, "availability")) {
		c.add(below(path, "availability"), "an objective of 100%% leaves no room for any failure (want less, such as 99.9%%)")
	}
	if o.Latency == 1 && c.given(below(path, "latency")) {
		c.add(below(path, "latency"), "an objective of 100%% leaves no room for any slow answer (want less, such as 99%%)")
	}
	if o.Window < day && c.given(below(path, "window")) {
		c.add(below(path, "window"), "got %s, want a window of at least 1d", o.Window)
	}
}

// checkSchedule wants a run with all its repetitions to end before the next
// one begins. What comes from the defaults alone is noted there.
func (c *checker) checkSchedule(path string, s ProbeDefaults) {
	keys := []string{"timeout", "confirm", "interval"}
	place := ""
	for _, key := range keys {
		if place == "" && c.given(below(path, key)) {
			place = below(path, key)
		}
	}
	if place == "" {
		return
	}
	if s.Interval < shortest {
		c.add(below(path, "interval"), "got %s, want at least %s", s.Interval, shortest)
		return
	}
	if !fits(s.Interval, s.Timeout, s.Confirm) {
		c.add(place, "timeout %s × confirm %d is over the interval of %s (a run with its repetitions must end before the next)", s.Timeout, s.Confirm, s.Interval)
	}
}
