// Command tocsin_receiver takes alerts from Alertmanager, tells people until
// somebody answers, and shows incidents on a board.
//
// It is the second part of flow 2: this file parses flags, and wire.go puts the
// store, the receiver, the webhook, the board and the reloader together.
//
// Nothing below run ends the process, so the whole program runs in tests,
// twice at the same time if need be.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	// People name time zones; a container without a zone database knows them too.
	_ "time/tzdata"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/model"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver"
	"github.com/tocsin-monitoring/tocsin/cmd/internal/daemon"
	"github.com/tocsin-monitoring/tocsin/internal/logging"
	"github.com/tocsin-monitoring/tocsin/internal/resident"
)

// growth is by how many percent the heap may grow between two collections. What
// lives is the catalogue, the open incidents and little else; a flood makes much
// that does not, and half as much again was 10 MB more of it than a quarter is.
const growth = 25

func main() {
	resident.Begin(growth, os.Getenv)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run returns the exit status: 0 done, 1 an error, 2 wrong usage.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var f flags
	code, goOn := f.parse(args, stdout, stderr)
	if !goOn {
		return code
	}
	logger, err := logging.New(stderr, f.LogLevel, f.LogFormat)
	if err == nil && f.Check {
		err = check(f, stdout)
	} else if err == nil {
		err = f.command(ctx, stdout, logger)
	}
	if err != nil {
		fmt.Fprintf(stderr, "tocsin_receiver: %v\n", err)
		return 1
	}
	return 0
}

// flags are those of the receiver, and its command with its file.
type flags struct {
	daemon.Flags
	dsnFile                string
	keepIncidents, keepRaw model.Duration
	serve, backup, restore bool
	export, importLines    bool
	file                   string
}

// parse reads the command line; see daemon.Program.Parse.
func (f *flags) parse(args []string, stdout, stderr io.Writer) (code int, goOn bool) {
	f.Flags, code, goOn = daemon.Program{
		Name: "tocsin_receiver", Help: "Takes alerts from Alertmanager, tells people until somebody answers, and shows incidents on a board.",
		Address: ":10211",
		Check:   "Check the catalogue and what it asks of the receiver, then end.",
		Storage: "Local folder for incidents and unsent messages; kept from others, because it has a key in it.",
		Own:     f.declare,
	}.Parse(args, stdout, stderr)
	return code, goOn
}

func (f *flags) declare(app *kingpin.Application) {
	app.Flag("storage.dsn-file", "A file with the address of a PostgreSQL, which two or more receivers share, instead of the database in the folder.").StringVar(&f.dsnFile)
	defaults := receiver.DefaultRetention()
	f.keepIncidents, f.keepRaw = model.Duration(defaults.Incidents), model.Duration(defaults.Notifications)
	app.Flag("storage.retention.incidents", "For how long closed incidents are kept, such as 400d; what is open is kept in any case.").SetValue(&f.keepIncidents)
	app.Flag("storage.retention.notifications", "For how long notifications are kept as they came.").SetValue(&f.keepRaw)
	for _, c := range []struct {
		name, help, file string
		chosen           *bool
	}{
		{"serve", "Run the receiver (the default).", "", &f.serve},
		{"backup", "Copy the database into a new file, while the receiver runs.", "The new file.", &f.backup},
		{"restore", "Put a backup in the place of the database, while no receiver runs; what was there is kept.", "The backup.", &f.restore},
		{"export", "Write everything that is kept as lines of JSON, while the receiver runs.", "The new file; it holds the keys that sign links.", &f.export},
		{"import", "Read what export wrote into an empty database, before the receiver is started.", "The file.", &f.importLines},
	} {
		command := app.Command(c.name, c.help)
		command.Action(func(*kingpin.ParseContext) error { *c.chosen = true; return nil })
		if c.file == "" {
			command.Default()
			continue
		}
		command.Arg("file", c.file).Required().StringVar(&f.file)
	}
}

// command does what was asked for.
func (f flags) command(ctx context.Context, stdout io.Writer, logger logging.Logger) error {
	switch {
	case f.backup:
		return backup(ctx, f, stdout)
	case f.restore:
		return restore(ctx, f, stdout)
	case f.export:
		return export(ctx, f, stdout)
	case f.importLines:
		return importLines(ctx, f, stdout)
	}
	return serve(ctx, f, logger)
}

func (f flags) retention() receiver.Retention {
	return receiver.Retention{Incidents: time.Duration(f.keepIncidents), Notifications: time.Duration(f.keepRaw)}
}
