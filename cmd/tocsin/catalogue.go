package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/alecthomas/kingpin/v2"

	"github.com/tocsin-monitoring/tocsin/alertmanager/render"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// catalogueFlags are those of every subcommand that reads the catalogue and
// knows where Alertmanager's configuration lies.
type catalogueFlags struct {
	file, output, installedAt *string
}

func addCatalogueFlags(command *kingpin.CmdClause, output, help string) catalogueFlags {
	return catalogueFlags{
		file:        command.Flag("config.file", "The catalogue: a file, or a folder of them.").Default("tocsin.yml").String(),
		output:      command.Flag(output, help).PlaceHolder("FILE").String(),
		installedAt: command.Flag("installed-at", "The catalogue's folder on Alertmanager's machine, when the file is rendered on another.").PlaceHolder("DIR").String(),
	}
}

// load reads the catalogue. Its mistakes are printed as they are, with their
// places in front, where editors find them.
func (f catalogueFlags) load(env environment) (*catalog.Catalog, error) {
	c, err := catalog.Load(*f.file)
	if mistakes := (catalog.Errors{}); errors.As(err, &mistakes) {
		fmt.Fprintln(env.stderr, mistakes.Error())
		fmt.Fprintf(env.stderr, "%s: %s\n", *f.file, counted(len(mistakes), "mistake"))
		return nil, errReported
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: name it with --config.file, or make one with `tocsin init`", err)
	}
	return c, err
}

// folder is where the catalogue lies.
func (f catalogueFlags) folder() (string, error) {
	absolute, err := filepath.Abs(*f.file)
	if err != nil {
		return "", fmt.Errorf("looking for %q: %w", *f.file, err)
	}
	if info, err := os.Stat(absolute); err == nil && info.IsDir() {
		return absolute, nil
	}
	return filepath.Dir(absolute), nil
}

// rendered is the file that --output names, or the usual one beside the
// catalogue, as people would write it.
func (f catalogueFlags) rendered() string {
	if *f.output != "" {
		return *f.output
	}
	dir := *f.file
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		dir = filepath.Dir(dir)
	}
	return filepath.Join(dir, "alertmanager", "alertmanager.yml")
}

// options are those for a configuration that lies in the file.
func (f catalogueFlags) options(file string) (render.Options, error) {
	folder, err := f.folder()
	if err != nil {
		return render.Options{}, err
	}
	options := render.Options{Source: filepath.Base(*f.file), Catalogue: folder, InstalledAt: *f.installedAt}
	if file != standardOutput {
		output, err := filepath.Abs(filepath.Dir(file))
		if err != nil {
			return render.Options{}, fmt.Errorf("looking for %q: %w", file, err)
		}
		options.Output = output
	}
	return options, nil
}

// counted is a number of things in words: 1 mistake, 2 mistakes.
func counted(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
