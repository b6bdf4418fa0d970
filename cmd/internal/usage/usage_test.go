package usage_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/cmd/internal/usage"
)

// tower is a program with one command of every shape.
func tower() *kingpin.Application {
	app := kingpin.New("tower", "Rings.").Terminate(nil).UsageWriter(io.Discard).ErrorWriter(io.Discard)
	check := app.Command("check", "Checks.")
	check.Flag("config.file", "The catalogue.").String()
	ring := app.Command("ring", "Rings.")
	ring.Arg("bell", "Which.").Required().String()
	ring.Flag("within", "How long.").Duration()
	ring.Flag("tone", "Which.").Enum("high", "low")
	ring.Flag("why", "Why.").Required().String()
	bells := app.Command("bells", "Bells.")
	bells.Command("show", "Shows.").Default()
	bells.Command("list", "Lists.")
	ropes := app.Command("ropes", "Ropes.")
	cut := ropes.Command("cut", "Cuts.")
	cut.Arg("number", "Which.").Required().Int64()
	ropes.Command("list", "Lists.")
	return app
}

func TestExplain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "estate")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for args, want := range map[string]string{
		"check tocsin.yml":           `"tocsin.yml" is not expected here: name the catalogue with --config.file=tocsin.yml (see tower check --help)`,
		"check " + file:              `"` + file + `" is not expected here: name the catalogue with --config.file=` + file + ` (see tower check --help)`,
		"check twice":                `"twice" is not expected here: tower check takes flags only (see tower check --help)`,
		"chek":                       `there is no command "chek" (did you mean "check"?) (see tower --help)`,
		"ropes cut":                  `something is missing: write tower ropes cut NUMBER (see tower ropes cut --help)`,
		"ring a b --why=x":           `"b" is one word too many: write tower ring BELL (see tower ring --help)`,
		"ring a":                     `also give --why (see tower ring --help)`,
		"ring a --why=x --within=y":  `--within: got "y", want a duration such as 15m or 1h30m (see tower ring --help)`,
		"ring a --why=x --tone=loud": `--tone: got "loud", want one of high, low (see tower ring --help)`,
		"ring a --why":               `--why wants a value: --why=VALUE (see tower ring --help)`,
		"ring a --whyy=x":            `unknown flag --whyy (did you mean "--why"?) (see tower ring --help)`,
		"ring a --colour=x":          `unknown flag --colour (see tower ring --help)`,
		"bells lst":                  `tower bells has no command "lst" (did you mean "list"?) (see tower bells --help)`,
		"bells show lst":             `"lst" is not expected here: tower bells show takes flags only (see tower bells show --help)`,
		"ropes":                      `ropes wants one of these after it: cut, list (see tower ropes --help)`,
		"ropes ct":                   `there is no command "ct" (did you mean "cut"?) (see tower ropes --help)`,
		"ropes cut one":              `number: got "one", want a whole number (see tower ropes cut --help)`,
	} {
		t.Run(args, func(t *testing.T) {
			words := strings.Fields(args)
			app := tower()
			_, err := app.Parse(words)
			require.Error(t, err)
			require.Equal(t, "tower: "+want, usage.Explain(app, words, err))
		})
	}
}

func TestExplainAProgramWithoutCommands(t *testing.T) {
	app := kingpin.New("bell", "Rings.").Terminate(nil)
	app.Flag("config.file", "The catalogue.").String()
	_, err := app.Parse([]string{"my.yml"})
	require.Error(t, err)
	require.Equal(t, `bell: "my.yml" is not expected here: name the catalogue with --config.file=my.yml (see bell --help)`,
		usage.Explain(app, []string{"my.yml"}, err))
}
