package main

import (
	"context"
	"fmt"

	"github.com/alecthomas/kingpin/v2"

	"github.com/tocsin-monitoring/tocsin/internal/engines"
	"github.com/tocsin-monitoring/tocsin/internal/gobuild"
)

// addEngines builds the pinned engines without starting them.
func addEngines(app *kingpin.Application, env environment) (string, action) {
	command := app.Command("engines", "Build the pinned Prometheus and Alertmanager into .tocsin/engines, once.")
	return command.FullCommand(), func(ctx context.Context) error {
		root, err := engines.Root(".")
		if err != nil {
			return err
		}
		dir, err := engines.Ensure(ctx, root, gobuild.NewProgress(env.stderr, isTerminal(env.stderr)))
		if err != nil {
			return err
		}
		for _, engine := range engines.All() {
			fmt.Fprintf(env.stdout, "%-13s %-8s %s\n", engine.Name, engine.Version, dir)
		}
		return nil
	}
}
