// Package logging builds the one logger of a binary.
//
// Each program in cmd makes it first and hands it down: the go-kit face to our
// own constructors, the slog face to the libraries that demand it. Both write
// through the same sink, so the lines of a library look like ours.
//
// The level filter stands in both faces, because the bridge from slog to
// go-kit decides by slog's level before go-kit sees the line.
package logging

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	sloggokit "github.com/tjhop/slog-gokit"
)

// Levels lists the accepted levels, from the most to the least talkative.
func Levels() []string { return []string{"debug", "info", "warn", "error"} }

// Formats lists the accepted formats, the default first.
func Formats() []string { return []string{"logfmt", "json"} }

// Logger is one sink with two faces.
type Logger struct {
	Kit  log.Logger
	Slog *slog.Logger
}

// Nop discards everything.
func Nop() Logger {
	return Logger{Kit: log.NewNopLogger(), Slog: slog.New(slog.DiscardHandler)}
}

// New returns a logger that writes lines of the format to w from the level on.
// Writes are serialised. An unknown level or format is an error.
func New(w io.Writer, lvl, format string) (Logger, error) {
	allow, slogLevel, err := threshold(lvl)
	if err != nil {
		return Logger{}, err
	}
	sink, err := newSink(w, format)
	if err != nil {
		return Logger{}, err
	}
	kit := level.NewFilter(sink, allow)
	kit = log.With(kit, "ts", timestamp(), "caller", log.DefaultCaller)
	return Logger{
		Kit:  kit,
		Slog: slog.New(sloggokit.NewGoKitHandler(sink, slogLevel)),
	}, nil
}

// timestamp is UTC with milliseconds, as Prometheus and Alertmanager log it.
func timestamp() log.Valuer {
	return log.TimestampFormat(func() time.Time { return time.Now().UTC() }, "2006-01-02T15:04:05.000Z07:00")
}

func newSink(w io.Writer, format string) (log.Logger, error) {
	switch format {
	case "logfmt":
		return log.NewLogfmtLogger(log.NewSyncWriter(w)), nil
	case "json":
		return log.NewJSONLogger(log.NewSyncWriter(w)), nil
	}
	return nil, fmt.Errorf("unknown log format %q: want one of %v", format, Formats())
}

func threshold(lvl string) (level.Option, *slog.LevelVar, error) {
	v := new(slog.LevelVar)
	switch lvl {
	case "debug":
		v.Set(slog.LevelDebug)
		return level.AllowDebug(), v, nil
	case "info":
		v.Set(slog.LevelInfo)
		return level.AllowInfo(), v, nil
	case "warn":
		v.Set(slog.LevelWarn)
		return level.AllowWarn(), v, nil
	case "error":
		v.Set(slog.LevelError)
		return level.AllowError(), v, nil
	}
	return nil, nil, fmt.Errorf("unknown log level %q: want one of %v", lvl, Levels())
}
