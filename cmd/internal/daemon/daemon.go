// Package daemon is what the long-running programs have in common: their
// common flags, and actors that end together.
//
// cmd/tocsin_exporter and cmd/tocsin_receiver begin here; each adds the flags
// of its own and wires its own parts.
//
// A version or a help text ends the program as an error would, but with status
// 0: Parse says so, because nothing below main may end the process.
package daemon

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kingpin/v2"
	oklog "github.com/oklog/run"
	"github.com/prometheus/common/version"

	"github.com/tocsin-monitoring/tocsin/cmd/internal/usage"
	"github.com/tocsin-monitoring/tocsin/internal/logging"
)

// Flags are those of both programs.
type Flags struct {
	ConfigFile string
	Check      bool // check the catalogue, then end
	Listen     []string
	WebConfig  string
	Storage    string
	LogLevel   string
	LogFormat  string
}

// Program says how one of them differs from the other.
type Program struct {
	Name, Help string
	Address    string // listened on by default
	Storage    string // help of --storage.path
	Check      string // help of --config.check
	Own        func(app *kingpin.Application)
}

// Parse reads the command line. When the answer was help, the version or a
// complaint, it is printed, and goOn is false: the program ends with code.
func (p Program) Parse(args []string, stdout, stderr io.Writer) (f Flags, code int, goOn bool) {
	app := kingpin.New(p.Name, p.Help)
	app.UsageWriter(stdout).ErrorWriter(stderr).HelpFlag.Short('h')
	ended := false
	app.Terminate(func(status int) { ended, code = true, status })
	p.declare(app, &f)
	printVersion := app.Flag("version", "Print the version.").Bool()
	_, err := app.Parse(args)
	switch {
	case ended:
		return f, code, false
	case err != nil:
		fmt.Fprintln(stderr, usage.Explain(app, args, err))
		return f, 2, false
	case *printVersion:
		fmt.Fprintln(stdout, version.Print(p.Name))
		return f, 0, false
	}
	return f, 0, true
}

func (p Program) declare(app *kingpin.Application, f *Flags) {
	app.Flag("config.file", "The catalogue: a file, or a folder of them.").Default("tocsin.yml").StringVar(&f.ConfigFile)
	app.Flag("config.check", p.Check).BoolVar(&f.Check)
	app.Flag("web.listen-address", "Where to listen; may be repeated.").Default(p.Address).StringsVar(&f.Listen)
	app.Flag("web.config.file", "TLS and basic authentication of the program's own pages, as exporter-toolkit reads them.").StringVar(&f.WebConfig)
	app.Flag("storage.path", p.Storage).Default("data/").StringVar(&f.Storage)
	if p.Own != nil {
		p.Own(app)
	}
	app.Flag("log.level", "One of "+strings.Join(logging.Levels(), ", ")+".").Default("info").EnumVar(&f.LogLevel, logging.Levels()...)
	app.Flag("log.format", "One of "+strings.Join(logging.Formats(), ", ")+".").Default("logfmt").EnumVar(&f.LogFormat, logging.Formats()...)
}

// Run runs actors until ctx ends or the first of them does, stops the others
// and waits for them. It returns the error of the first.
func Run(ctx context.Context, actors ...func(context.Context) error) error {
	var group oklog.Group
	for _, actor := range actors {
		ctx, stop := context.WithCancel(ctx)
		group.Add(func() error { return actor(ctx) }, func(error) { stop() })
	}
	return group.Run()
}
