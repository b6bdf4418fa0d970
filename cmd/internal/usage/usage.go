// Package usage says what is wrong with a command line: which word, and what
// to write instead.
//
// The programs in cmd hand it what kingpin complained about. Kingpin names
// neither the flag whose value is wrong nor the command that was meant, so the
// line is read a second time for them.
//
// A flag's or argument's value is tried once more to find the wrong one, so
// nothing may be made of the values afterwards.
package usage

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// Explain is the complaint about args in words that mend it, and where help is
// found.
func Explain(app *kingpin.Application, args []string, complaint error) string {
	line := read(app, args)
	text := strings.TrimSpace(complaint.Error())
	if better := line.wrongValue(); better != "" {
		text = better
	}
	for _, one := range complaints {
		if found := one.pattern.FindStringSubmatch(text); found != nil {
			text = one.mend(line, found[1])
			break
		}
	}
	return fmt.Sprintf("%s: %s (see %s --help)", app.Name, text, line.name())
}

// line is a command line as far as it could be read.
type line struct {
	app      *kingpin.Application
	args     []string
	command  *kingpin.CmdClause // nil before one is named
	elements []*kingpin.ParseElement
}

func read(app *kingpin.Application, args []string) line {
	l := line{app: app, args: args}
	context, _ := app.ParseContext(args) // what is wrong with it is known
	if context != nil {
		l.command, l.elements = context.SelectedCommand, context.Elements
	}
	return l
}

// name is the command as it is typed.
func (l line) name() string {
	if l.command == nil {
		return l.app.Name
	}
	name := l.app.Name + " " + l.command.FullCommand()
	if l.byDefault() {
		name = strings.TrimSuffix(name, " "+l.command.Model().Name)
	}
	return name
}

// byDefault reports whether nobody typed the command's name.
func (l line) byDefault() bool {
	return l.command != nil && l.command.Model().Default && !slices.Contains(l.args, l.command.Model().Name)
}

// complaints are kingpin's, each with one word in it, and what mends it.
var complaints = []struct {
	pattern *regexp.Regexp
	mend    func(l line, word string) string
}{
	{regexp.MustCompile(`^unexpected (?:argument )?'?(.*?)'?$`), line.tooMuch},
	{regexp.MustCompile(`^expected command but got "(.*)"$`), line.noCommand},
	{regexp.MustCompile(`^must select a subcommand of '(.*)'$`), line.subcommand},
	{regexp.MustCompile(`^required argument '(.*)' not provided$`), line.missing},
	{regexp.MustCompile(`^required flag\(s\) (.*) not provided$`), line.missingFlags},
	{regexp.MustCompile(`^unknown long flag '(.*)'$`), line.noFlag},
	{regexp.MustCompile(`^expected argument for flag '(.*)'$`), func(_ line, flag string) string { return flag + " wants a value: " + flag + "=VALUE" }},
}

// tooMuch is about a word that nothing takes: most often a catalogue.
func (l line) tooMuch(word string) string {
	if _, takes := l.flags()["config.file"]; takes && isCatalogue(word) {
		return fmt.Sprintf("%q is not expected here: name the catalogue with --config.file=%s", word, word)
	}
	if l.byDefault() {
		return fmt.Sprintf("%s has no command %q%s", l.name(), word, catalog.Hint(word, names(l.siblings())))
	}
	if l.command == nil || len(l.command.Model().Args) == 0 {
		return fmt.Sprintf("%q is not expected here: %s takes flags only", word, l.name())
	}
	return fmt.Sprintf("%q is one word too many: %s", word, l.form())
}

// isCatalogue reports whether a word looks like the name of a catalogue.
func isCatalogue(word string) bool {
	if extension := filepath.Ext(word); extension == ".yml" || extension == ".yaml" {
		return true
	}
	_, err := os.Stat(word)
	return err == nil
}

func (l line) noCommand(word string) string {
	return fmt.Sprintf("there is no command %q%s", word, catalog.Hint(word, names(l.commands())))
}

func (l line) subcommand(of string) string {
	return of + " wants one of these after it: " + strings.Join(names(l.below(of)), ", ")
}

// siblings are the commands that could stand where the default one was taken.
func (l line) siblings() []*kingpin.CmdModel {
	if parent := strings.TrimPrefix(strings.TrimPrefix(l.name(), l.app.Name), " "); parent != "" {
		return l.below(parent)
	}
	return l.app.Model().Commands
}

// below are the commands below one of the first level.
func (l line) below(of string) []*kingpin.CmdModel {
	for _, command := range l.app.Model().Commands {
		if command.Name == of {
			return command.Commands
		}
	}
	return nil
}

func (l line) missingFlags(quoted string) string {
	flags := strings.Split(strings.ReplaceAll(quoted, "'", ""), ", ")
	slices.Sort(flags)
	return "also give " + strings.Join(flags, " and ")
}

func (l line) missing(string) string { return "something is missing: " + l.form() }

// form is how the command is written.
func (l line) form() string {
	form := l.name()
	for _, arg := range l.command.Model().Args {
		form += " " + strings.ToUpper(arg.Name)
	}
	return "write " + form
}

func (l line) noFlag(flag string) string {
	known := slices.Sorted(maps.Keys(l.flags()))
	for i, name := range known {
		known[i] = "--" + name
	}
	hint := catalog.Hint(flag, known)
	if strings.HasPrefix(hint, " (want ") { // a list says less than the help
		hint = ""
	}
	return "unknown flag " + flag + hint
}

// flags are those that may stand here.
func (l line) flags() map[string]*kingpin.FlagModel {
	all := map[string]*kingpin.FlagModel{}
	groups := [][]*kingpin.FlagModel{l.app.Model().Flags}
	if l.command != nil {
		groups = append(groups, l.command.Model().Flags)
	}
	for _, group := range groups {
		for _, flag := range group {
			all[flag.Name] = flag
		}
	}
	return all
}

// commands are those among which a word was sought.
func (l line) commands() []*kingpin.CmdModel {
	if l.command != nil {
		return l.command.Model().Commands
	}
	return l.app.Model().Commands
}

func names(commands []*kingpin.CmdModel) []string {
	var all []string
	for _, command := range commands {
		if !command.Hidden {
			all = append(all, command.Name)
		}
	}
	return all
}

// wrongValue finds the flag or argument whose value is refused, and says what
// it wants.
func (l line) wrongValue() string {
	for _, element := range l.elements {
		if element.Value == nil {
			continue
		}
		name, value := "", kingpin.Value(nil)
		switch clause := element.Clause.(type) {
		case *kingpin.FlagClause:
			name, value = "--"+clause.Model().Name, clause.Model().Value
		case *kingpin.ArgClause:
			name, value = clause.Model().Name, clause.Model().Value
		}
		if value == nil {
			continue
		}
		if err := value.Set(*element.Value); err != nil {
			return fmt.Sprintf("%s: got %q, want %s", name, *element.Value, wanted(err))
		}
	}
	return ""
}

// wanted is what a refused value should have been.
func wanted(err error) string {
	number := &strconv.NumError{}
	text := err.Error()
	_, list, isEnum := strings.Cut(text, "enum value must be one of ")
	switch {
	case errors.As(err, &number):
		return "a whole number"
	case isEnum:
		list, _, _ = strings.Cut(list, ", got ")
		return "one of " + strings.ReplaceAll(list, ",", ", ")
	case strings.Contains(text, "duration"):
		return "a duration such as 15m or 1h30m"
	}
	return "another value: " + text
}
