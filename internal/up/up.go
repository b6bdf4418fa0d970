package up

import (
	"context"
	"fmt"
	"io"
	"slices"
)

// Mode says what the parts are.
type Mode string

// The modes; ModeAuto takes containers where a Docker engine answers.
const (
	ModeAuto    Mode = "auto"
	ModeCompose Mode = "compose"
	ModeProcess Mode = "process"
)

// Modes lists the modes, the default first.
func Modes() []string { return []string{string(ModeAuto), string(ModeCompose), string(ModeProcess)} }

// Options says what is run and where it is shown.
type Options struct {
	Root     string // the repository
	Self     string // path of the running tocsin
	Mode     Mode
	Verbose  bool // Prometheus and Alertmanager tell everything, not warnings only
	Output   io.Writer
	Terminal bool // Output is one: progress moves
	Colour   bool
}

// Run starts everything and returns after everything has ended: nil when ctx
// ended it, or else why a part could not be started.
func Run(ctx context.Context, o Options) error {
	s := &screen{w: o.Output, colour: o.Colour}
	mode, why, err := choose(ctx, o.Mode)
	if err != nil {
		return err
	}
	s.say("%s", s.paint(colourBold, "Starting the demo estate")+" "+why)
	if mode == ModeCompose {
		err = runCompose(ctx, o, s, containers())
	} else {
		err = runProcesses(ctx, o, s)
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// choose settles what auto means on this machine, and says why.
func choose(ctx context.Context, asked Mode) (Mode, string, error) {
	if asked == ModeProcess {
		return ModeProcess, "as processes, as asked.", nil
	}
	lack := dockerLacks(ctx)
	switch {
	case lack == "":
		return ModeCompose, "in containers (--mode=process runs it without).", nil
	case asked == ModeCompose:
		return "", "", fmt.Errorf("starting containers: %s (--mode=process runs the demo without)", lack)
	}
	return ModeProcess, "as processes: " + lack + ".", nil
}

func all(of [][]part) []part { return slices.Concat(of...) }
