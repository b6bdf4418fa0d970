// Command tocsin_exporter probes what the catalogue names and exports what it
// found to Prometheus.
//
// It is the first part of flow 1: this file parses flags, and wire.go puts the
// harness, the other signals' sources, the reloader and the pages together.
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

	"github.com/tocsin-monitoring/tocsin/collector"
	"github.com/tocsin-monitoring/tocsin/internal/logging"
)

// flags is the command line.
type flags struct {
	configFile string
	check      bool
	listen     []string
	webConfig  string
	location   string
	shard      string
	storage    string
	procfs     string
	cgroupfs   string
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
	shard, err := collector.ParseShard(f.shard)
	if err != nil {
		fmt.Fprintf(stderr, "tocsin_exporter: --shard: %v\n", err)
		return 2
	}
	logger, err := logging.New(stderr, f.logLevel, f.logFormat)
	if err == nil && f.check {
		err = check(f, shard, stdout)
	} else if err == nil {
		err = serve(ctx, f, shard, logger)
	}
	if err != nil {
		fmt.Fprintf(stderr, "tocsin_exporter: %v\n", err)
		return 1
	}
	return 0
}

// parse reads the command line. When the answer was help, the version or a
// complaint, it is printed and goOn is false.
func parse(args []string, stdout, stderr io.Writer) (f flags, code int, goOn bool) {
	app := kingpin.New("tocsin_exporter", "Probes what the catalogue names and exports what it found to Prometheus.")
	app.UsageWriter(stdout).ErrorWriter(stderr).HelpFlag.Short('h')
	ended := false
	app.Terminate(func(status int) { ended, code = true, status })
	app.Flag("config.file", "The catalogue: a file, or a folder of them.").Default("tocsin.yml").StringVar(&f.configFile)
	app.Flag("config.check", "Check the catalogue and build its probes, then end.").BoolVar(&f.check)
	app.Flag("web.listen-address", "Where to listen; may be repeated.").Default(":10210").StringsVar(&f.listen)
	app.Flag("web.config.file", "TLS and authentication of the exporter's own pages, as exporter-toolkit reads them.").StringVar(&f.webConfig)
	app.Flag("location", "The catalogue's location that this exporter probes from; the first by name by default.").StringVar(&f.location)
	app.Flag("shard", "Look after a share of the services: i/n, such as 2/8.").Default("1/1").StringVar(&f.shard)
	app.Flag("storage.path", "Folder for the last good catalogue, for a start that finds a bad one; empty keeps none.").Default("data/").StringVar(&f.storage)
	app.Flag("path.procfs", "Where the proc file system is mounted, for the processes among the resources.").Default("/proc").StringVar(&f.procfs)
	app.Flag("path.cgroupfs", "Where control groups are mounted, for the limits of those processes.").Default("/sys/fs/cgroup").StringVar(&f.cgroupfs)
	app.Flag("log.level", "One of "+strings.Join(logging.Levels(), ", ")+".").Default("info").EnumVar(&f.logLevel, logging.Levels()...)
	app.Flag("log.format", "One of "+strings.Join(logging.Formats(), ", ")+".").Default("logfmt").EnumVar(&f.logFormat, logging.Formats()...)
	printVersion := app.Flag("version", "Print the version.").Bool()
	_, err := app.Parse(args)
	switch {
	case ended:
		return f, code, false
	case err != nil:
		fmt.Fprintf(stderr, "tocsin_exporter: %v (see tocsin_exporter --help)\n", err)
		return f, 2, false
	case *printVersion:
		fmt.Fprintln(stdout, version.Print("tocsin_exporter"))
		return f, 0, false
	}
	return f, 0, true
}
