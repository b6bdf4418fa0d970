// Command tocsin is the tool: it starts the demo estate, checks and renders
// the catalogue, and answers questions about it.
//
// Each subcommand is one file with one add function, listed in commands below;
// the file parses flags and wires packages, nothing else.
//
// Nothing below run ends the process, so the whole tool runs in tests.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // rotas and calendars name zones that the machine may not have

	"github.com/alecthomas/kingpin/v2"

	"github.com/tocsin-monitoring/tocsin/cmd/internal/usage"
)

// environment is what a subcommand may touch of the world around it.
type environment struct {
	stdin          io.Reader
	stdout, stderr io.Writer
}

// action runs a parsed subcommand. Its error is printed once, by run.
type action func(ctx context.Context) error

// commands lists the subcommands in the order of the help text. Each adder
// declares its flags on app and returns the command's full name and action.
var commands = []func(app *kingpin.Application, env environment) (string, action){
	addUp,
	addDemo,
	addInbox,
	addCheck,
	addRender,
	addSchema,
	addInit,
	addImport,
	addIncidentList,
	addIncidentShow,
	addIncidentPostmortem,
	addMaintenanceOpen,
	addMaintenanceList,
	addMaintenanceExtend,
	addMaintenanceEnd,
	addOnCall,
	addOnCallOverride,
	addOnCallSwap,
	addOnCallAbsent,
	addOnCallList,
	addOnCallEnd,
	addDrill,
	addNotifyTest,
	addEngines,
	addReady,
}

// errReported ends the program with status 1 after everything was printed.
var errReported = errors.New("reported")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], environment{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr})
	stop()
	os.Exit(code)
}

// run returns the exit status: 0 done, 1 an error or a finding, 2 wrong usage.
func run(ctx context.Context, args []string, env environment) int {
	app := kingpin.New("tocsin", "Monitoring and alerting around Prometheus, Alertmanager and Grafana.")
	app.UsageWriter(env.stdout).ErrorWriter(env.stderr).HelpFlag.Short('h')
	ended := false
	code := 0
	app.Terminate(func(status int) { ended, code = true, status })
	actions := make(map[string]action, len(commands))
	for _, add := range commands {
		name, do := add(app, env)
		actions[name] = do
	}
	selected, err := app.Parse(args)
	if ended {
		return code
	}
	if err != nil {
		fmt.Fprintln(env.stderr, usage.Explain(app, args, err))
		return 2
	}
	switch err := actions[selected](ctx); {
	case errors.Is(err, errReported):
		return 1
	case err != nil:
		fmt.Fprintf(env.stderr, "tocsin: %v\n", err)
		return 1
	}
	return 0
}
