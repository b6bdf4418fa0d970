package catalog

// Location is a place where exporters run. References are outside addresses
// (https://, http://, tcp://host:port or dns://resolver/name) that tell "the
// world is down" from "this location is cut off"; a location without
// references always has its vote.
type Location struct {
	Name       string   `yaml:"-"`
	References []string `yaml:"references,omitempty"`
}

// Defaults is what a service gets that says nothing else.
type Defaults struct {
	Probe      ProbeDefaults `yaml:"probe,omitempty"`
	Thresholds Thresholds    `yaml:"thresholds,omitempty"`
	Objective  Objective     `yaml:"objective,omitempty"`
	PageAfter  Duration      `yaml:"page_after,omitempty"`

	// AcknowledgementTimeout is how long an acknowledgement holds while the alert
	// still fires; 4h by default.
	AcknowledgementTimeout Duration `yaml:"acknowledgement_timeout,omitempty"`

	Location string `yaml:"location,omitempty"` // reads resources, pipelines, usage and heartbeats; the first by name by default

	LongestMaintenance Duration `yaml:"longest_maintenance,omitempty"` // of one window; 24h by default
}

// ProbeDefaults is the schedule of a probe. Confirm counts failing attempts in
// a row, the first included; Timeout × Confirm fits in Interval.
type ProbeDefaults struct {
	Interval Duration `yaml:"interval,omitempty"`
	Timeout  Duration `yaml:"timeout,omitempty"`
	Confirm  int      `yaml:"confirm,omitempty"`
}

// Thresholds is what is still normal. Memory, CPU and Disk are ratios of the
// limit; DiskLeft is the time until a disk is full; Latency is the time of a
// whole successful probe; Certificate is the remaining validity, and Domain that
// of a registration; PipelineSuccessAge is the age of the last success. The
// others are what probes measure besides the time; a probe flaps when it changes
// between up and down more often than once in Flapping, over an hour.
type Thresholds struct {
	Memory             Ratio    `yaml:"memory,omitempty"`
	CPU                Ratio    `yaml:"cpu,omitempty"`
	Disk               Ratio    `yaml:"disk,omitempty"`
	DiskLeft           Duration `yaml:"disk_left,omitempty"`
	Latency            Duration `yaml:"latency,omitempty"`
	Certificate        Duration `yaml:"certificate,omitempty"`
	Domain             Duration `yaml:"domain,omitempty"`
	ReplicationLag     Duration `yaml:"replication_lag,omitempty"`
	ClockOffset        Duration `yaml:"clock_offset,omitempty"`
	PacketLoss         Ratio    `yaml:"packet_loss,omitempty"`
	Flapping           Duration `yaml:"flapping,omitempty"`
	PipelineSuccessAge Duration `yaml:"pipeline_success_age,omitempty"`
}

// Objective is a service level: the ratio of good runs over Window.
type Objective struct {
	Availability Ratio    `yaml:"availability,omitempty"`
	Latency      Ratio    `yaml:"latency,omitempty"`
	Window       Duration `yaml:"window,omitempty"`
}
