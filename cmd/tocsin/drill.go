package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/internal/amapi"
	"github.com/tocsin-monitoring/tocsin/internal/drill"
)

// addDrill exercises the whole way from an alert to a person.
func addDrill(app *kingpin.Application, env environment) (string, action) {
	command := app.Command("drill", "Raise a marked alert, follow it through Alertmanager and the receiver to somebody who acknowledges it, and say each hop with its time.")
	r := rehearsal{desk: addDesk(command, env)}
	r.service = command.Arg("service", "The service that is said to be down.").Required().String()
	r.severity = command.Flag("severity", "critical, warning or info: who is told, and whether a phone rings, follows from it.").Default("critical").Enum("critical", "warning", "info")
	r.audience = command.Flag("audience", "users, developers or platform.").Default("users").Enum("users", "developers", "platform")
	r.within = command.Flag("within", "How long somebody has to acknowledge it.").Default("15m").Duration()
	r.told = command.Flag("told", "End as soon as a message was handed over; nobody need acknowledge.").Bool()
	r.yes = command.Flag("yes", "Do not ask first.").Short('y').Bool()
	return command.FullCommand(), r.run
}

type rehearsal struct {
	desk
	service, severity, audience *string
	within                      *time.Duration
	told, yes                   *bool
}

func (r rehearsal) run(ctx context.Context) error {
	c, err := catalogueFlags{file: r.file}.load(r.env)
	if err != nil {
		return err
	}
	service := c.Services[*r.service]
	switch {
	case service == nil:
		return fmt.Errorf("there is no service %q%s", *r.service, catalog.Hint(*r.service, slices.Collect(maps.Keys(c.Services))))
	case len(c.Links.Alertmanager) == 0:
		return errors.New("the catalogue names no Alertmanager: add links.alertmanager")
	}
	team := cmp.Or(service.Team, c.Monitoring.FallbackTeam)
	if err := r.confirm(service.Name, team); err != nil {
		return err
	}
	if *r.receiver, err = r.address(); err != nil {
		return err
	}
	err = drill.Run(ctx, drill.Options{
		Service: service.Name, Team: team, By: r.who(), Severity: incident.Severity(*r.severity), Audience: incident.Audience(*r.audience),
		Alertmanager: amapi.New(c.Accounts.Alertmanager, &http.Client{Timeout: answerWithin}), Members: c.Links.Alertmanager,
		Within: *r.within, Told: *r.told, Get: r.get, Out: r.env.stdout,
	})
	if err != nil {
		return fmt.Errorf("the drill failed: %w", err)
	}
	fmt.Fprintln(r.env.stdout, "The drill went well.")
	return nil
}

// confirm has somebody say that people may be woken.
func (r rehearsal) confirm(service, team string) error {
	fmt.Fprintf(r.env.stdout, "A drill of %s: team %s is told that it is %s, and that nothing is broken.\n", service, team, *r.severity)
	if *r.yes {
		return nil
	}
	if !isInteractive(r.env.stdin) {
		return errors.New("a drill wakes people: say --yes where nobody can be asked")
	}
	fmt.Fprint(r.env.stdout, "It may wake people. Go on? [y/N] ")
	answer, _ := bufio.NewReader(r.env.stdin).ReadString('\n')
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return errors.New("nothing was done")
	}
	return nil
}

// get reads what the receiver knows.
func (d desk) get(ctx context.Context, path string, into any) error {
	text, err := d.read(ctx, path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("reading the receiver's answer: %w", err)
	}
	return nil
}
