package main

import (
	"context"
	"fmt"
	"os"

	"github.com/alecthomas/kingpin/v2"

	"github.com/tocsin-monitoring/tocsin/internal/engines"
	"github.com/tocsin-monitoring/tocsin/internal/up"
)

// addUp runs the whole demo estate in the foreground.
func addUp(app *kingpin.Application, env environment) (string, action) {
	command := app.Command("up", "Run the demo estate on this machine, all parts, until Ctrl-C.")
	mode := command.Flag("mode", "Run containers (compose), plain processes (process), or containers where a Docker engine answers (auto).").
		Default(up.Modes()[0]).Enum(up.Modes()...)
	verbose := command.Flag("verbose", "Show everything that Prometheus and Alertmanager log, not warnings only.").Short('v').Bool()
	return command.FullCommand(), func(ctx context.Context) error {
		root, err := engines.Root(".")
		if err != nil {
			return err
		}
		self, err := os.Executable()
		if err != nil {
			return fmt.Errorf("looking for our own program: %w", err)
		}
		terminal := isTerminal(env.stdout)
		_, plain := os.LookupEnv("NO_COLOR")
		return up.Run(ctx, up.Options{
			Root: root, Self: self, Mode: up.Mode(*mode), Verbose: *verbose,
			Output: env.stdout, Terminal: terminal, Colour: terminal && !plain,
		})
	}
}

// addReady is the health check of containers that have no shell.
func addReady(app *kingpin.Application, _ environment) (string, action) {
	command := app.Command("ready", "Ask an address once; succeed when it answers 2xx.")
	address := command.Arg("url", "What to ask, such as http://127.0.0.1:10210/-/ready.").Required().String()
	return command.FullCommand(), func(ctx context.Context) error { return up.Ready(ctx, *address) }
}
