package main

import (
	"context"

	"github.com/alecthomas/kingpin/v2"
	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/internal/demo"
	"github.com/tocsin-monitoring/tocsin/internal/inbox"
	"github.com/tocsin-monitoring/tocsin/internal/logging"
)

// addDemo runs the shop that can be broken, without anything that watches it.
func addDemo(app *kingpin.Application, env environment) (string, action) {
	command := app.Command("demo", "Run the demo service: a small web shop with switches to break it, at /admin.")
	var o demo.Options
	command.Flag("listen-address", "Host and port of the shop and its switches.").Default("127.0.0.1:10280").StringVar(&o.Shop)
	command.Flag("payments-address", "Host and port of the service that the shop depends on.").Default("127.0.0.1:10281").StringVar(&o.Payments)
	command.Flag("tls-address", "Host and port of the shop over HTTPS.").Default("127.0.0.1:10282").StringVar(&o.Door)
	command.Flag("state", "Folder for the certificate authority that signs for HTTPS.").Default(".tocsin").StringVar(&o.StateDir)
	logLevel, logFormat := logFlags(command)
	return command.FullCommand(), func(ctx context.Context) error {
		logger, err := logging.New(env.stderr, *logLevel, *logFormat)
		if err != nil {
			return err
		}
		o.Logger = logger.Kit
		if err := demo.Prepare(o.StateDir); err != nil {
			return err
		}
		estate, err := demo.New(o)
		if err != nil {
			return err
		}
		level.Info(logger.Kit).Log("msg", "the shop is open", "url", estate.ShopURL()+"/", "switches", estate.ShopURL()+"/admin")
		return estate.Run(ctx)
	}
}

// addInbox runs the mail catcher.
func addInbox(app *kingpin.Application, env environment) (string, action) {
	command := app.Command("inbox", "Catch mail and show it as a page instead of delivering it.")
	var o inbox.Options
	command.Flag("smtp-address", "Host and port that take mail.").Default("127.0.0.1:1025").StringVar(&o.SMTP)
	command.Flag("listen-address", "Host and port of the page.").Default("127.0.0.1:8025").StringVar(&o.Web)
	logLevel, logFormat := logFlags(command)
	return command.FullCommand(), func(ctx context.Context) error {
		logger, err := logging.New(env.stderr, *logLevel, *logFormat)
		if err != nil {
			return err
		}
		o.Logger = logger.Kit
		box, err := inbox.New(o)
		if err != nil {
			return err
		}
		level.Info(logger.Kit).Log("msg", "mail is caught", "smtp", box.SMTPAddr(), "page", box.URL()+"/")
		return box.Run(ctx)
	}
}

// logFlags are the same in every program.
func logFlags(command *kingpin.CmdClause) (threshold, format *string) {
	threshold = command.Flag("log.level", "Log this level and above: debug, info, warn or error.").Default("info").Enum(logging.Levels()...)
	format = command.Flag("log.format", "Log as logfmt or json.").Default("logfmt").Enum(logging.Formats()...)
	return threshold, format
}
