package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"github.com/tocsin-monitoring/tocsin/internal/firstrun"
)

// addInit asks a few questions and writes a first catalogue.
func addInit(app *kingpin.Application, env environment) (string, action) {
	command := app.Command("init", "Ask a few questions and write a first catalogue. Never replaces a file.")
	i := initializer{env: env, questions: firstrun.Questions(userName(), timezone())}
	i.into = command.Flag("into", "The catalogue to write.").Default("tocsin.yml").String()
	i.yes = command.Flag("yes", "Ask nothing: what no flag says takes its default.").Short('y').Bool()
	for _, q := range i.questions {
		flag := &answer{name: q.Name}
		command.Flag(q.Name, q.Help).PlaceHolder(strings.ToUpper(q.Name)).SetValue(flag)
		i.flags = append(i.flags, flag)
	}
	return command.FullCommand(), i.run
}

type initializer struct {
	env       environment
	questions []firstrun.Question
	into      *string
	yes       *bool
	flags     []*answer
}

// answer is a flag that knows whether it was given.
type answer struct {
	name, text string
	given      bool
}

// Set is called by kingpin.
func (a *answer) Set(text string) error {
	a.text, a.given = text, true
	return nil
}

// String is the flag's value.
func (a *answer) String() string { return a.text }

func (i initializer) run(ctx context.Context) error {
	if err := free(*i.into); err != nil {
		return fmt.Errorf("%s is there already: edit it, or give another name with --into", *i.into)
	}
	answers := make(firstrun.Answers)
	for _, flag := range i.flags {
		if flag.given {
			answers[flag.name] = flag.text
		}
	}
	if err := i.answer(ctx, answers); err != nil {
		return err
	}
	written, err := i.write(firstrun.Files(filepath.Base(*i.into), answers))
	if err != nil {
		return err
	}
	i.conclude(written)
	return nil
}

// answer completes the answers by asking, where somebody can be asked.
func (i initializer) answer(ctx context.Context, answers firstrun.Answers) error {
	if *i.yes {
		return firstrun.Complete(i.questions, answers)
	}
	if !isInteractive(i.env.stdin) {
		return errors.New("there is no terminal to ask on: answer with flags, and with --yes for the defaults of the others (tocsin init --help lists them)")
	}
	fmt.Fprintln(i.env.stdout, "A few questions; Enter takes what stands in brackets, Ctrl-C ends without writing anything.")
	return firstrun.Ask(ctx, i.questions, answers, i.env.stdin, i.env.stdout)
}

// write puts the files in place, the catalogue last. Contacts that are there
// already stay.
func (i initializer) write(files []firstrun.File) ([]string, error) {
	var written []string
	for _, file := range files {
		name := filepath.Join(filepath.Dir(*i.into), file.Name)
		mode := os.FileMode(0o644)
		if file.Private {
			mode = 0o600
			if free(name) != nil {
				continue
			}
		}
		if err := create(name, file.Content, mode, false); err != nil {
			return nil, err
		}
		written = append(written, name)
	}
	return written, nil
}

func (i initializer) conclude(written []string) {
	flag := ""
	if *i.into != "tocsin.yml" {
		flag = " --config.file=" + *i.into
	}
	fmt.Fprintf(i.env.stdout, `Written: %s
Next:
  tocsin render%s            writes Alertmanager's configuration
  tocsin check%s             says what is wrong or missing
  tocsin_exporter%s          watches what the catalogue says
`, strings.Join(written, ", "), flag, flag, flag)
}

// userName is how whoever runs this is called, or nothing.
func userName() string {
	current, err := user.Current()
	if err != nil || current.Uid == "0" {
		return ""
	}
	name, _, _ := strings.Cut(current.Name, ",") // the fields of a gecos entry
	return strings.TrimSpace(name)
}

// timezone is this machine's, or nothing when it does not say.
func timezone() string {
	if zone := os.Getenv("TZ"); zone != "" && !strings.HasPrefix(zone, ":") {
		return zone
	}
	target, err := os.Readlink("/etc/localtime")
	if err != nil {
		return ""
	}
	_, zone, found := strings.Cut(filepath.ToSlash(target), "zoneinfo/")
	if !found || zone == "Etc/UTC" {
		return ""
	}
	return zone
}
