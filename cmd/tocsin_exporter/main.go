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
	"syscall"

	"github.com/alecthomas/kingpin/v2"

	// People name time zones; a container without a zone database knows them too.
	_ "time/tzdata"

	"github.com/tocsin-monitoring/tocsin/cmd/internal/daemon"
	"github.com/tocsin-monitoring/tocsin/collector"
	"github.com/tocsin-monitoring/tocsin/internal/logging"
	"github.com/tocsin-monitoring/tocsin/internal/resident"
)

// flags is the command line.
type flags struct {
	daemon.Flags

	location string
	shard    string
	exec     bool
	browser  string
	browsers int
	procfs   string
	cgroupfs string
}

// growth is by how many percent the heap may grow between two collections.
const growth = 75

func main() {
	resident.Begin(growth, os.Getenv)
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
	logger, err := logging.New(stderr, f.LogLevel, f.LogFormat)
	if err == nil && f.Check {
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

// parse reads the command line; see daemon.Program.Parse.
func parse(args []string, stdout, stderr io.Writer) (f flags, code int, goOn bool) {
	f.Flags, code, goOn = daemon.Program{
		Name: "tocsin_exporter", Help: "Probes what the catalogue names and exports what it found to Prometheus.",
		Address: ":10210",
		Check:   "Check the catalogue and build its probes, then end.",
		Storage: "Folder for the last good catalogue, for a start that finds a bad one; empty keeps none.",
		Own: func(app *kingpin.Application) {
			app.Flag("location", "The catalogue's location that this exporter probes from; the first by name by default.").StringVar(&f.location)
			app.Flag("shard", "Look after a share of the services: i/n, such as 2/8.").Default("1/1").StringVar(&f.shard)
			app.Flag("probe.enable-exec", "Run the commands of the catalogue's probes of kind exec; whoever writes the catalogue then runs commands here.").BoolVar(&f.exec)
			app.Flag("probe.browser", "The Chromium of the probes of kind browser: a path or a name in PATH; the usual names by default.").StringVar(&f.browser)
			app.Flag("probe.max-browsers", "How many browsers may run at the same time.").Default("2").IntVar(&f.browsers)
			app.Flag("path.procfs", "Where the proc file system is mounted, for the processes among the resources.").Default("/proc").StringVar(&f.procfs)
			app.Flag("path.cgroupfs", "Where control groups are mounted, for the limits of those processes.").Default("/sys/fs/cgroup").StringVar(&f.cgroupfs)
		},
	}.Parse(args, stdout, stderr)
	return f, code, goOn
}
