package daemon_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/alecthomas/kingpin/v2"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/cmd/internal/daemon"
)

func TestParse(t *testing.T) {
	own := ""
	program := daemon.Program{
		Name: "bell", Help: "Rings.", Address: ":1", Storage: "Where.", Check: "Check.",
		Own: func(app *kingpin.Application) { app.Flag("tone", "Which.").Default("a").StringVar(&own) },
	}
	for name, test := range map[string]struct {
		args           []string
		tone           string
		code           int
		goOn           bool
		stdout, stderr string
	}{
		"the defaults":      {goOn: true, tone: "a"},
		"a flag of its own": {args: []string{"--tone=b"}, goOn: true, tone: "b"},
		"the version":       {args: []string{"--version"}, stdout: "bell, version"},
		"help":              {args: []string{"--help"}, stdout: "--tone"},
		"a wrong flag":      {args: []string{"--tune"}, code: 2, stderr: "bell: unknown flag --tune (did you mean \"--tone\"?) (see bell --help)\n"},
		"a wrong level":     {args: []string{"--log.level=loud"}, code: 2, stderr: "bell: --log.level: got \"loud\", want one of debug, info, warn, error"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			f, code, goOn := program.Parse(test.args, &stdout, &stderr)
			require.Equal(t, test.goOn, goOn)
			require.Equal(t, test.code, code)
			require.Contains(t, stdout.String(), test.stdout)
			require.Contains(t, stderr.String(), test.stderr)
			if goOn {
				require.Equal(t, "tocsin.yml", f.ConfigFile)
				require.Equal(t, []string{":1"}, f.Listen)
				require.Equal(t, test.tone, own)
			}
		})
	}
}

func TestOneActorsEndEndsAll(t *testing.T) {
	wrong := errors.New("wrong")
	stopped := false
	err := daemon.Run(t.Context(),
		func(context.Context) error { return wrong },
		func(ctx context.Context) error {
			<-ctx.Done()
			stopped = true
			return nil
		})
	require.ErrorIs(t, err, wrong)
	require.True(t, stopped)
}
