package catalog

// Rota says whose turn it is. Handover is a weekday (or "daily") and a
// wall-clock time in Timezone; shifts of Shift length follow one another
// through People from Start (a Monday long ago by default, so that the order
// never moves by itself). Backup is called after the person on call.
type Rota struct {
	Name     string   `yaml:"-"`
	Timezone string   `yaml:"timezone"`
	Handover string   `yaml:"handover"`
	Shift    Duration `yaml:"shift"`
	Start    string   `yaml:"start,omitempty"` // YYYY-MM-DD
	People   []string `yaml:"people"`
	Backup   []string `yaml:"backup,omitempty"`
}

// Escalation is the list of steps taken until somebody acknowledges; the last
// repeats.
type Escalation struct {
	Name  string `yaml:"-"`
	Steps []Step `yaml:"-"`
}

// Step reaches one role. Notify is on_call, backup, manager, team (everybody)
// or a person's id. By lists the ways used at once (push, sms, voice, email);
// Then lists later ones ("voice after 3m"); Every repeats the step's ways;
// For is how long to wait for an acknowledgement before the next step.
type Step struct {
	Notify string   `yaml:"notify"`
	By     []string `yaml:"by"`
	Then   []Later  `yaml:"then,omitempty"`
	Every  Duration `yaml:"every,omitempty"`
	For    Duration `yaml:"for,omitempty"`
}

// Later is one way of reaching somebody, some time into a step.
type Later struct {
	Way   string
	After Duration
}
