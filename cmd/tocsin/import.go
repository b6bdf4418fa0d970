package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"github.com/tocsin-monitoring/tocsin/internal/migrate"
)

// addImport makes a catalogue of what people have.
func addImport(app *kingpin.Application, env environment) (string, action) {
	command := app.Command("import", "Make a catalogue of what you have: blackbox_exporter with Prometheus' jobs, gatus, uptime-kuma, StatusCake, Azure availability tests, maps of thresholds, a list of addresses. Says what could not be carried over. Ends with 0 when the catalogue is written, with 1 when it is not.")
	i := importer{env: env}
	i.files = command.Arg("file", "Files of any of these, also mixed; a folder stands for the files in it; - for standard input.").Required().Strings()
	i.from = command.Flag("from", "Take all files as those of one source ("+strings.Join(migrate.SourceNames(), ", ")+") instead of guessing.").PlaceHolder("SOURCE").String()
	i.into = command.Flag("into", "The catalogue to write; - for standard output.").Default("tocsin.yml").String()
	i.report = command.Flag("report", "Where to write the whole report, in Markdown. By default tocsin-import.md beside the catalogue.").PlaceHolder("FILE").String()
	i.team = command.Flag("team", "The team of what names nobody.").Default("platform").String()
	i.secrets = command.Flag("secrets-dir", "Write the secrets that the input holds into files in this folder. By default they are written nowhere, and the report says which to place where.").PlaceHolder("DIR").String()
	i.force = command.Flag("force", "Replace files that are there already.").Bool()
	i.strict = command.Flag("strict", "End with 1, too, when something was left out.").Bool()
	return command.FullCommand(), i.run
}

type importer struct {
	env                               environment
	files                             *[]string
	from, into, report, team, secrets *string
	force, strict                     *bool
}

func (i importer) run(context.Context) error {
	inputs, err := i.inputs()
	if err != nil {
		return err
	}
	folder, err := i.secretsFolder()
	if err != nil {
		return err
	}
	result, err := migrate.Run(inputs, migrate.Options{
		From: *i.from, Team: *i.team, SecretsDir: folder, ReportFile: i.reportFile(),
		Read: os.ReadFile, Match: filepath.Glob, Environment: os.LookupEnv,
	})
	if err != nil {
		fmt.Fprintln(i.env.stderr, err)
		return errReported
	}
	if err := i.write(result); err != nil {
		return err
	}
	i.conclude(result)
	if *i.strict && !result.Report.Complete() {
		return errReported
	}
	return nil
}

// inputs reads the files. A folder stands for those in it that some source
// may know.
func (i importer) inputs() ([]migrate.Input, error) {
	var inputs []migrate.Input
	for _, name := range *i.files {
		if name == standardOutput || name == "" { // kingpin hands on a single dash as nothing
			text, err := io.ReadAll(i.env.stdin)
			if err != nil {
				return nil, fmt.Errorf("reading standard input: %w", err)
			}
			inputs = append(inputs, migrate.Input{Name: "standard input", Text: text})
			continue
		}
		names, err := within(name)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			inputs = append(inputs, migrate.Input{Name: filepath.ToSlash(name), Text: text})
		}
	}
	return inputs, nil
}

// within is a file itself, or the files of a folder.
func within(name string) ([]string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{name}, nil
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		known := slices.Contains([]string{".yml", ".yaml", ".json", ".tf", ".tfvars", ".txt"}, strings.ToLower(filepath.Ext(entry.Name())))
		if known && !entry.IsDir() && !strings.HasPrefix(entry.Name(), ".") {
			names = append(names, filepath.Join(name, entry.Name()))
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s: there is no .yml, .yaml, .json, .tf, .tfvars or .txt file in the folder", name)
	}
	return names, nil
}

// secretsFolder is the folder of secrets as the catalogue names it.
func (i importer) secretsFolder() (string, error) {
	if *i.secrets == "" || *i.into == standardOutput {
		return filepath.ToSlash(*i.secrets), nil
	}
	catalogue, err := filepath.Abs(filepath.Dir(*i.into))
	if err != nil {
		return "", err
	}
	folder, err := filepath.Abs(*i.secrets)
	if err != nil {
		return "", err
	}
	if relative, err := filepath.Rel(catalogue, folder); err == nil {
		folder = relative
	}
	return filepath.ToSlash(folder), nil
}

// reportFile is where the report goes; nowhere when the catalogue goes to
// standard output and no file is named.
func (i importer) reportFile() string {
	switch {
	case *i.report != "":
		return *i.report
	case *i.into == standardOutput:
		return ""
	}
	return filepath.Join(filepath.Dir(*i.into), "tocsin-import.md")
}

// write puts everything in place, or nothing when a file is there already.
func (i importer) write(result *migrate.Result) error {
	type file struct {
		name    string
		content []byte
		mode    os.FileMode
	}
	var files []file
	if *i.secrets != "" {
		for _, secret := range result.Secrets {
			if secret.Value != "" {
				files = append(files, file{filepath.Join(*i.secrets, secret.Name), []byte(secret.Value + "\n"), 0o600})
			}
		}
	}
	if name := i.reportFile(); name != "" {
		files = append(files, file{name, []byte(result.Report.Markdown("What tocsin import carried over")), 0o644})
	}
	if *i.into != standardOutput {
		files = append(files, file{*i.into, result.Catalogue, 0o644})
	}
	if !*i.force {
		var taken []error
		for _, one := range files {
			taken = append(taken, free(one.name))
		}
		if err := errors.Join(taken...); err != nil {
			return err
		}
	}
	if *i.secrets != "" {
		if err := os.MkdirAll(*i.secrets, 0o700); err != nil {
			return err
		}
	}
	for _, one := range files {
		if err := create(one.name, one.content, one.mode, *i.force); err != nil {
			return err
		}
	}
	if *i.into == standardOutput {
		_, err := i.env.stdout.Write(result.Catalogue)
		return err
	}
	return nil
}

// conclude says what came of it, and what to do next.
func (i importer) conclude(result *migrate.Result) {
	out := i.env.stderr
	fmt.Fprint(out, result.Report.Summary())
	from := strings.Join(result.Sources, ", ")
	if from == "" {
		from = "nothing that could be carried over"
	}
	fmt.Fprintf(out, "%s: %s, %s from %s\n", *i.into, counted(result.Services, "service"), counted(result.Probes, "probe"), from)
	if name := i.reportFile(); name != "" {
		fmt.Fprintf(out, "%s: the whole report\n", name)
	}
	if *i.into != standardOutput {
		flag := ""
		if *i.into != "tocsin.yml" {
			flag = " --config.file=" + *i.into
		}
		fmt.Fprintf(out, "Next: tocsin render%s && tocsin check%s\n", flag, flag)
	}
}
