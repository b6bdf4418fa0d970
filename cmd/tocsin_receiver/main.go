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

	// People name time zones; a container without a zone database knows them too.
	_ "time/tzdata"

	"github.com/alecthomas/kingpin/v2"

	"github.com/tocsin-monitoring/tocsin/cmd/internal/daemon"
	"github.com/tocsin-monitoring/tocsin/internal/logging"
)

func main() {
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
		err = serve(ctx, f, logger)
	}
	if err != nil {
		fmt.Fprintf(stderr, "tocsin_receiver: %v\n", err)
		return 1
	}
	return 0
}

// flags are those of the receiver.
type flags struct {
	daemon.Flags
	dsnFile string
}

// parse reads the command line; see daemon.Program.Parse.
func (f *flags) parse(args []string, stdout, stderr io.Writer) (code int, goOn bool) {
	f.Flags, code, goOn = daemon.Program{
		Name: "tocsin_receiver", Help: "Takes alerts from Alertmanager, tells people until somebody answers, and shows incidents on a board.",
		Address: ":10211",
		Check:   "Check the catalogue and what it asks of the receiver, then end.",
		Storage: "Local folder for incidents and unsent messages; kept from others, because it has a key in it.",
		Own: func(app *kingpin.Application) {
			app.Flag("storage.dsn-file", "A file with the address of a PostgreSQL, which two or more receivers share, instead of the database in the folder.").StringVar(&f.dsnFile)
		},
	}.Parse(args, stdout, stderr)
	return code, goOn
}
