package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/review/lint"
)

// addCheck judges the catalogue and what was rendered from it.
func addCheck(app *kingpin.Application, env environment) (string, action) {
	command := app.Command("check", "Check the catalogue, and that what is rendered from it is fresh. Ends with 1 when something is wrong.")
	k := checker{env: env}
	k.catalogueFlags = addCatalogueFlags(command, "rendered", "Alertmanager's configuration; - when it is kept elsewhere. By default alertmanager/alertmanager.yml beside the catalogue.")
	k.secrets = command.Flag("secrets", "Read every secret, and demand every contacts file: for the machine where Tocsin runs.").Bool()
	k.strict = command.Flag("strict", "End with 1 on warnings, too.").Bool()
	return command.FullCommand(), k.run
}

type checker struct {
	catalogueFlags
	env             environment
	secrets, strict *bool
}

func (k checker) run(context.Context) error {
	c, err := k.load(k.env)
	if err != nil {
		return err
	}
	file := k.rendered()
	options, err := k.options(file)
	if err != nil {
		return err
	}
	if file == standardOutput {
		file = ""
	}
	results := lint.Run(lint.Input{Catalog: c, Now: time.Now(), Secrets: *k.secrets, Rendered: file, Options: options, Render: k.mend()})
	if len(c.Discovery) > 0 {
		results = append(results, lint.Result{Check: "discovery", Findings: discovered(c)})
	}
	fmt.Fprintf(k.env.stdout, "%s: %s\n\n", *k.file, inventory(c))
	count := map[lint.Verdict]int{}
	for _, result := range results {
		k.print(result)
		for _, finding := range result.Findings {
			count[finding.Verdict]++
		}
	}
	fmt.Fprintln(k.env.stdout)
	return k.conclude(count[lint.Problem], count[lint.Warning])
}

func (k checker) print(result lint.Result) {
	for _, finding := range result.Findings {
		first, more, _ := strings.Cut(finding.Text, "\n")
		fmt.Fprintf(k.env.stdout, "  %-9s%-10s%s\n", finding.Verdict, result.Check, first)
		if more != "" {
			fmt.Fprintf(k.env.stdout, "      %s\n", strings.ReplaceAll(more, "\n", "\n      "))
		}
	}
}

func (k checker) conclude(problems, warnings int) error {
	switch {
	case problems+warnings == 0:
		fmt.Fprintln(k.env.stdout, "good")
	case problems == 0:
		fmt.Fprintf(k.env.stdout, "good, with %s\n", counted(warnings, "warning"))
	case warnings == 0:
		fmt.Fprintln(k.env.stdout, counted(problems, "problem"))
	default:
		fmt.Fprintf(k.env.stdout, "%s, %s\n", counted(problems, "problem"), counted(warnings, "warning"))
	}
	if problems > 0 || *k.strict && warnings > 0 {
		return errReported
	}
	return nil
}

// mend is the command that renders what this check compares with.
func (k checker) mend() string {
	var command strings.Builder
	command.WriteString("tocsin render")
	for _, flag := range []struct{ name, value, usual string }{
		{"config.file", *k.file, "tocsin.yml"},
		{"output", *k.output, ""},
		{"installed-at", *k.installedAt, ""},
	} {
		if flag.value != flag.usual {
			command.WriteString(" --" + flag.name + "=" + filepath.ToSlash(flag.value))
		}
	}
	return command.String()
}

// inventory counts what stands in the catalogue.
func inventory(c *catalog.Catalog) string {
	probes, pipelines := 0, 0
	for _, service := range c.Services {
		probes += len(service.Probes)
		pipelines += len(service.Pipelines)
	}
	var parts []string
	for _, part := range []struct {
		n    int
		name string
	}{
		{len(c.Services), "service"},
		{probes, "probe"},
		{pipelines, "pipeline"},
		{len(c.Discovery), "discovery source"},
		{len(c.Locations), "location"},
		{len(c.Teams), "team"},
		{len(c.Rotas), "rota"},
	} {
		if part.n > 0 {
			parts = append(parts, counted(part.n, part.name))
		}
	}
	switch n := len(c.People); n {
	case 0:
	case 1:
		parts = append(parts, "1 person")
	default:
		parts = append(parts, fmt.Sprintf("%d people", n))
	}
	return strings.Join(parts, ", ")
}
