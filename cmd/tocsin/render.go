package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/alecthomas/kingpin/v2"
	"github.com/rogpeppe/go-internal/diff"

	"github.com/tocsin-monitoring/tocsin/alertmanager/render"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

const standardOutput = "-"

// addRender writes Alertmanager's configuration.
func addRender(app *kingpin.Application, env environment) (string, action) {
	command := app.Command("render", "Write Alertmanager's configuration from the catalogue, and the texts of messages beside it.")
	r := renderer{env: env}
	r.catalogueFlags = addCatalogueFlags(command, "output", "Where to write; - for standard output. By default alertmanager/alertmanager.yml beside the catalogue; standard output with --fragment and --shadow.")
	r.fragment = command.Flag("fragment", "Only the route, receivers, inhibit rules and time intervals to merge into an Alertmanager configuration that you have.").Bool()
	r.shadow = command.Flag("shadow", "For a trial: tell everything to one channel and nobody else: team:NAME, email:ADDRESS, slack:#CHANNEL=WEBHOOK_FILE or teams:WEBHOOK_FILE.").PlaceHolder("CHANNEL").String()
	return command.FullCommand(), r.run
}

type renderer struct {
	catalogueFlags
	env      environment
	fragment *bool
	shadow   *string
}

func (r renderer) run(context.Context) error {
	if *r.fragment && *r.shadow != "" {
		return errors.New("--fragment and --shadow exclude each other: merge the fragment, or try it out with a configuration of its own")
	}
	file := r.rendered()
	if *r.output == "" && (*r.fragment || *r.shadow != "") {
		file = standardOutput
	}
	c, err := r.load(r.env)
	if err != nil {
		return err
	}
	options, err := r.options(file)
	if err != nil {
		return err
	}
	text, err := r.text(c, options)
	if err != nil {
		return err
	}
	if file == standardOutput {
		_, err := r.env.stdout.Write(text)
		return err
	}
	return r.write(file, text)
}

func (r renderer) text(c *catalog.Catalog, options render.Options) ([]byte, error) {
	switch {
	case *r.fragment:
		return render.Fragment(c, options)
	case *r.shadow != "":
		return render.Shadow(c, *r.shadow, options)
	}
	return render.Config(c, options)
}

// write puts the configuration and the texts in place and says what changed.
func (r renderer) write(file string, text []byte) error {
	texts, err := render.Texts()
	if err != nil {
		return err
	}
	for _, shipped := range texts {
		if err := r.replace(filepath.Join(filepath.Dir(file), render.Templates, shipped.Name), shipped.Content); err != nil {
			return err
		}
	}
	return r.replace(file, text)
}

func (r renderer) replace(file string, content []byte) error {
	before, err := render.Write(file, content)
	if err != nil {
		return err
	}
	added, removed := 0, 0
	for line := range bytes.Lines(diff.Diff("before", before, "after", content)) {
		switch {
		case bytes.HasPrefix(line, []byte("+++")), bytes.HasPrefix(line, []byte("---")):
		case line[0] == '+':
			added++
		case line[0] == '-':
			removed++
		}
	}
	switch {
	case before == nil:
		fmt.Fprintf(r.env.stdout, "%s: written, %s\n", file, counted(added, "line"))
	case added+removed == 0:
		fmt.Fprintf(r.env.stdout, "%s: unchanged\n", file)
	default:
		fmt.Fprintf(r.env.stdout, "%s: %s added, %d removed\n", file, counted(added, "line"), removed)
	}
	return nil
}
