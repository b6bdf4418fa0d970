package probe

import "time"

// Measure is a number that some kinds find besides the time. Each is a metric
// family of its own, so that it has a unit.
type Measure uint8

// The measures. A kind lists those it can give in [Kind.Measures].
const (
	PacketLoss Measure = iota
	PacketJitter
	ClockOffset
	ReplicationLag
	DomainExpiry
	Value
	JobDuration
	JobSuccess
	measureCount
)

// measureTexts are the names of the families, without tocsin_probe_, and their
// help.
func measureTexts() [measureCount][2]string {
	return [...][2]string{
		PacketLoss:     {"packet_loss_ratio", "Packets of the last run that nobody answered, of those sent."},
		PacketJitter:   {"packet_jitter_seconds", "Mean difference between the times of packets in a row in the last run."},
		ClockOffset:    {"clock_offset_seconds", "How far the server's clock is ahead of ours; negative when it is behind."},
		ReplicationLag: {"replication_lag_seconds", "How far the replica is behind its source."},
		DomainExpiry:   {"domain_expiry_timestamp_seconds", "When the registration of the domain ends."},
		JobDuration:    {"job_duration_seconds", "How long the job took when it last said that it had started and ended."},
		JobSuccess:     {"job_success_timestamp_seconds", "When the job last said that it had succeeded."},
		Value:          {"value", "The value that the last run read, in the unit of what was asked."},
	}
}

// Measures lists every measure.
func Measures() []Measure {
	list := make([]Measure, measureCount)
	for i := range list {
		list[i] = Measure(i)
	}
	return list
}

// Metric is the name of the measure's metric family.
func (m Measure) Metric() string { return "tocsin_probe_" + measureTexts()[m][0] }

// Help is the help text of the measure's metric family.
func (m Measure) Help() string { return measureTexts()[m][1] }

// Lasting says that a run that could not find the measure does not make the
// last one wrong: a registration does not end because the registry is silent.
func (m Measure) Lasting() bool { return m == DomainExpiry }

// Measured is one measure as an attempt found it, in the unit of its name.
type Measured struct {
	Measure
	Value float64
}

// Component is one part of a service as its health document reports it. Name
// is printable, bounded and distinct within the result: it becomes a label.
type Component struct {
	Name string
	Up   bool
}

// Performance is one number that a monitoring plugin reports of what it
// checked. Label is printable, bounded and distinct within the result: it
// becomes a label. Unit is seconds, bytes, ratio, or empty for a plain number.
type Performance struct {
	Label, Unit string
	Value       float64
}

// StepTime is how long one step of a journey took.
type StepTime struct {
	Name     string // the catalogue's, which becomes a label
	Duration time.Duration
}

// Detail is what a person who looks at one attempt wants to see. Everything in
// it is bounded and without secrets.
type Detail struct {
	Addresses  []string      // what the name resolved to
	Chain      []Certificate // as presented, the leaf first
	Expected   string        // the expectation that failed
	Found      string        // what was found instead
	Output     string        // the end of a command's or job's own words
	Screenshot []byte        // a PNG of a browser's page, at a failure
}

// Certificate is what people look for in a certificate.
type Certificate struct {
	Subject, Issuer     string
	Names               []string // DNS names and addresses it is for
	NotBefore, NotAfter time.Time
	Fingerprint         string // SHA-256 of the certificate, in hexadecimal
}
