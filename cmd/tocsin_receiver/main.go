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
	"strings"
	"syscall"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"

	// People name time zones; a container without a zone database knows them too.
	_ "time/tzdata"

	"github.com/tocsin-monitoring/tocsin/internal/logging"
)

// flags is the command line.
type flags struct {
	configFile string
	check      bool
	listen     []string
	webConfig  string
	storage    string
	logLevel   string
	logFormat  string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run returns the exit status: 0 done, 1 an error, 2 wrong usage.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f, code, goOn := parse(args, stdout, stderr)
	if !goOn {
		return code
	}
	logger, err := logging.New(stderr, f.logLevel, f.logFormat)
	if err == nil && f.check {
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

// parse reads the command line. When the answer was help, the version or a
// complaint, it is printed and goOn is false.
func parse(args []string, stdout, stderr io.Writer) (f flags, code int, goOn bool) {
	app := kingpin.New("tocsin_receiver", "Takes alerts from Alertmanager, tells people until somebody answers, and shows incidents on a board.")
	app.UsageWriter(stdout).ErrorWriter(stderr).HelpFlag.Short('h')
	ended := false
	app.Terminate(func(status int) { ended, code = true, status })
	app.Flag("config.file", "The catalogue: a file, or a folder of them.").Default("tocsin.yml").StringVar(&f.configFile)
	app.Flag("config.check", "Check the catalogue and what it asks of the receiver, then exit.").BoolVar(&f.check)
	app.Flag("web.listen-address", "Address to listen on; repeatable.").Default(":10211").StringsVar(&f.listen)
	app.Flag("web.config.file", "TLS and basic authentication, in the format of Prometheus' exporter-toolkit.").StringVar(&f.webConfig)
	app.Flag("storage.path", "Local folder for incidents and unsent messages; kept from others, because it has a key in it.").Default("data/").StringVar(&f.storage)
	app.Flag("log.level", "How much to log.").Default("info").EnumVar(&f.logLevel, logging.Levels()...)
	app.Flag("log.format", "How to write log lines.").Default("logfmt").EnumVar(&f.logFormat, logging.Formats()...)
	printVersion := app.Flag("version", "Print the version.").Bool()
	_, err := app.Parse(args)
	switch {
	case ended:
		return f, code, false
	case err != nil:
		fmt.Fprintf(stderr, "tocsin_receiver: %s (see tocsin_receiver --help)\n", strings.TrimSpace(err.Error()))
		return f, 2, false
	case *printVersion:
		fmt.Fprintln(stdout, version.Print("tocsin_receiver"))
		return f, 0, false
	}
	return f, 0, true
}
