package logging_test

import (
	"bytes"
	"testing"

	"github.com/go-kit/log/level"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/internal/logging"
)

func TestBothFacesObeyTheLevelAndShareTheSink(t *testing.T) {
	var out bytes.Buffer
	l, err := logging.New(&out, "warn", "logfmt")
	require.NoError(t, err)

	level.Info(l.Kit).Log("msg", "kit info")
	l.Slog.Info("slog info")
	level.Warn(l.Kit).Log("msg", "kit warn", "key", "value")
	l.Slog.Warn("slog warn", "key", "value")

	got := out.String()
	require.NotContains(t, got, "info")
	require.Regexp(t, `(?m)^level=warn ts=\S+Z caller=logging_test.go:\d+ msg="kit warn" key=value$`, got)
	require.Regexp(t, `(?m)^.*level=warn.*msg="slog warn" key=value$`, got)
}

func TestJSON(t *testing.T) {
	var out bytes.Buffer
	l, err := logging.New(&out, "info", "json")
	require.NoError(t, err)
	level.Info(l.Kit).Log("msg", "hello")
	require.Contains(t, out.String(), `"msg":"hello"`)
}

func TestUnknownNamesAreRefused(t *testing.T) {
	_, err := logging.New(nil, "loud", "logfmt")
	require.EqualError(t, err, `unknown log level "loud": want one of [debug info warn error]`)
	_, err = logging.New(nil, "info", "xml")
	require.EqualError(t, err, `unknown log format "xml": want one of [logfmt json]`)
}
