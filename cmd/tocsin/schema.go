package main

import (
	"context"

	"github.com/alecthomas/kingpin/v2"

	"github.com/tocsin-monitoring/tocsin/catalog/schema"
)

// addSchema prints the JSON Schema with which editors complete the catalogue.
func addSchema(app *kingpin.Application, env environment) (string, action) {
	command := app.Command("schema", "Print the JSON Schema of the catalogue, with which editors complete and check tocsin.yml.")
	return command.FullCommand(), func(context.Context) error {
		text, err := schema.Generate()
		if err != nil {
			return err
		}
		_, err = env.stdout.Write(text)
		return err
	}
}
