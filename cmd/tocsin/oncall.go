package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall/duty"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// entriesPath is the path of the API for what people enter into rotas.
const entriesPath = "/api/v1/oncall/entries"

func onCallCommand(app *kingpin.Application, env environment, name, help string) (*kingpin.CmdClause, desk) {
	return deskCommand(app, env, "oncall", "Who is on call, and who stands in for whom.", name, help)
}

// addOnCall says who is on call.
func addOnCall(app *kingpin.Application, env environment) (string, action) {
	command, d := onCallCommand(app, env, "show", "Say who is on call. The catalogue says so, and the receiver what people have entered since.")
	command.Default()
	at := command.Flag("at", "Then, "+timeHelp+". By default now.").PlaceHolder("TIME").String()
	rota := command.Flag("rota", "This rota only.").PlaceHolder("NAME").String()
	asJSON := command.Flag("json", "As JSON.").Bool()
	return command.FullCommand(), func(ctx context.Context) error {
		when := time.Now()
		if *at != "" {
			var err error
			if when, err = instant("--at", *at, when); err != nil {
				return err
			}
		}
		return d.show(ctx, when, *rota, *asJSON)
	}
}

// shown is the answer as JSON. Entries is false when the receiver could not
// say what people have entered.
type shown struct {
	At      time.Time      `json:"at"`
	Entries bool           `json:"entries"`
	Problem string         `json:"problem,omitempty"`
	Rotas   []board.OnCall `json:"rotas"`
}

func (d desk) show(ctx context.Context, at time.Time, want string, asJSON bool) error {
	c, err := catalogueFlags{file: d.file}.load(d.env)
	if err != nil {
		return err
	}
	if want != "" && c.Rotas[want] == nil {
		return fmt.Errorf("there is no rota %q%s", want, catalog.Hint(want, slices.Collect(maps.Keys(c.Rotas))))
	}
	rotas, problems, err := duty.Read(c, at)
	if err != nil {
		return err
	}
	asked, problem := d.asked(ctx, at, problems)
	d.warn(c, problems, asked)
	var entries []oncall.Entry
	if problem == nil {
		entries, problem = d.entries(ctx)
	}
	answer := shown{At: at.UTC(), Entries: problem == nil, Rotas: []board.OnCall{}}
	if problem != nil {
		answer.Problem = problem.Error()
	}
	name := func(person string) string {
		if p := c.People[person]; p != nil {
			return p.Name
		}
		return person
	}
	for _, rota := range slices.Sorted(maps.Keys(rotas)) {
		if want != "" && rota != want {
			continue
		}
		one, known := asked[rota]
		if !known {
			with := rotas[rota].With(rota, entries)
			next := with.Next(at)
			one = board.ToOnCall(rota, nil, with.At(at), &next, name)
		}
		answer.Rotas = append(answer.Rotas, one)
	}
	return d.tell(c, answer, asJSON)
}

// asked are the rotas with calendars that the receiver fetches, as it sees them:
// nobody else knows who is away.
func (d desk) asked(ctx context.Context, at time.Time, problems []duty.Problem) (map[string]board.OnCall, error) {
	if !slices.ContainsFunc(problems, func(p duty.Problem) bool { return errors.Is(p.Err, duty.ErrNotFetched) }) {
		return nil, nil
	}
	text, err := d.read(ctx, "/api/v1/oncall?at="+url.QueryEscape(at.UTC().Format(time.RFC3339)))
	if err != nil {
		return nil, err
	}
	var answer struct {
		Rotas []board.OnCall `json:"rotas"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, fmt.Errorf("reading the receiver's answer: %w", err)
	}
	known := map[string]board.OnCall{}
	for _, one := range answer.Rotas {
		if prefix := "rotas." + one.Rota + "."; slices.ContainsFunc(problems, func(p duty.Problem) bool {
			return errors.Is(p.Err, duty.ErrNotFetched) && strings.HasPrefix(p.Path, prefix)
		}) {
			known[one.Rota] = one
		}
	}
	return known, nil
}

// warn says what is wrong with the calendars of the rotas that the receiver has
// not told.
func (d desk) warn(c *catalog.Catalog, problems []duty.Problem, asked map[string]board.OnCall) {
	for _, problem := range problems {
		if _, known := asked[strings.Split(problem.Path, ".")[1]]; !known {
			fmt.Fprintln(d.env.stderr, "warning:", c.Errorf(problem.Path, "%v", problem.Err))
		}
	}
}

func (d desk) tell(c *catalog.Catalog, answer shown, asJSON bool) error {
	if asJSON {
		out := json.NewEncoder(d.env.stdout)
		out.SetIndent("", "  ")
		return out.Encode(answer)
	}
	if !answer.Entries {
		fmt.Fprintf(d.env.stderr, "warning: these are the turns of the catalogue; what people have entered since is not in them: %s\n", answer.Problem)
	}
	if len(answer.Rotas) == 0 {
		fmt.Fprintln(d.env.stdout, "The catalogue has no rota.")
		return nil
	}
	out := tabwriter.NewWriter(d.env.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "ROTA\tON CALL\tBACKUP\tUNTIL\tTHEN")
	for _, one := range answer.Rotas {
		zone, err := time.LoadLocation(c.Rotas[one.Rota].Timezone)
		if err != nil {
			zone = time.UTC
		}
		backup := one.Backup
		if person := c.People[backup]; person != nil {
			backup = person.Name
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\n", one.Rota, orDash(one.Name, "nobody"), orDash(backup, "-"), one.Until.In(zone).Format("Mon 2 Jan 2006 15:04 MST"), orDash(one.Next.Name, "nobody"))
	}
	return out.Flush()
}

func orDash(text, instead string) string {
	if text == "" {
		return instead
	}
	return text
}

// entries asks the receiver what people have entered.
func (d desk) entries(ctx context.Context) ([]oncall.Entry, error) {
	text, err := d.read(ctx, entriesPath)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Entries []oncall.Entry `json:"entries"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, fmt.Errorf("reading the receiver's answer: %w", err)
	}
	return answer.Entries, nil
}

// addOnCallOverride puts somebody on call.
func addOnCallOverride(app *kingpin.Application, env environment) (string, action) {
	command, d := onCallCommand(app, env, "override", "Put somebody on call for a time, whoever's turn it is.")
	r := oncall.Request{Kind: oncall.Override}
	command.Flag("rota", "The rota.").Required().StringVar(&r.Rota)
	command.Flag("instead", "Who is on call.").Required().PlaceHolder("PERSON").StringVar(&r.Instead)
	return command.FullCommand(), d.entering(command, &r)
}

// addOnCallSwap gives somebody's turn to somebody else.
func addOnCallSwap(app *kingpin.Application, env environment) (string, action) {
	command, d := onCallCommand(app, env, "swap", "Give one person's turn to another, and perhaps one of theirs back.")
	r := oncall.Request{Kind: oncall.Swap}
	command.Flag("rota", "The rota.").Required().StringVar(&r.Rota)
	command.Flag("person", "Whose turn it is.").Required().StringVar(&r.Person)
	command.Flag("instead", "Who takes it.").Required().PlaceHolder("PERSON").StringVar(&r.Instead)
	from := command.Flag("return-from", "When the other turn begins that is given in return.").PlaceHolder("TIME").String()
	until := command.Flag("return-until", "When it ends.").PlaceHolder("TIME").String()
	enter := d.entering(command, &r)
	return command.FullCommand(), func(ctx context.Context) (err error) {
		if *from != "" || *until != "" {
			r.Return = &oncall.Span{}
			if r.Return.From, err = instant("--return-from", *from, time.Now()); err != nil {
				return err
			}
			if r.Return.Until, err = instant("--return-until", *until, time.Now()); err != nil {
				return err
			}
		}
		return enter(ctx)
	}
}

// addOnCallAbsent says that somebody is away.
func addOnCallAbsent(app *kingpin.Application, env environment) (string, action) {
	command, d := onCallCommand(app, env, "absent", "Say that somebody is away: whoever is next takes their turns.")
	r := oncall.Request{Kind: oncall.Absent}
	command.Flag("person", "Who is away.").Required().StringVar(&r.Person)
	command.Flag("rota", "From this rota only. By default from all.").StringVar(&r.Rota)
	return command.FullCommand(), d.entering(command, &r)
}

// entering adds the flags that every entry has, and enters it.
func (d desk) entering(command *kingpin.CmdClause, r *oncall.Request) action {
	from := command.Flag("from", "When it begins, "+timeHelp+". By default now.").PlaceHolder("TIME").String()
	until := command.Flag("until", "When it ends; or give --for.").PlaceHolder("TIME").String()
	command.Flag("for", "How long: 8h, 1w.").PlaceHolder("DURATION").StringVar(&r.Duration)
	command.Flag("reason", "Why.").StringVar(&r.Reason)
	return func(ctx context.Context) error {
		for _, flag := range []struct {
			name, text string
			into       *time.Time
		}{{"--from", *from, &r.From}, {"--until", *until, &r.Until}} {
			if flag.text == "" {
				continue
			}
			at, err := instant(flag.name, flag.text, time.Now())
			if err != nil {
				return err
			}
			*flag.into = at
		}
		r.By = d.who()
		return d.changeEntry(ctx, entriesPath, r)
	}
}

// addOnCallList lists what people have entered.
func addOnCallList(app *kingpin.Application, env environment) (string, action) {
	command, d := onCallCommand(app, env, "list", "List what people have entered and what is not over.")
	asJSON := command.Flag("json", "As JSON.").Bool()
	return command.FullCommand(), func(ctx context.Context) error {
		entries, err := d.entries(ctx)
		if err != nil {
			return err
		}
		if *asJSON {
			return json.NewEncoder(d.env.stdout).Encode(entries)
		}
		return d.listEntries(entries)
	}
}

// addOnCallEnd takes an entry back.
func addOnCallEnd(app *kingpin.Application, env environment) (string, action) {
	command, d := onCallCommand(app, env, "end", "Take an entry back from now on.")
	id := command.Arg("number", "The entry's number, as list shows it.").Required().Int64()
	return command.FullCommand(), func(ctx context.Context) error {
		return d.changeEntry(ctx, entriesPath+"/"+strconv.FormatInt(*id, 10)+"/end", map[string]string{"by": d.who()})
	}
}

func (d desk) changeEntry(ctx context.Context, path string, body any) error {
	token, err := d.token()
	if err != nil {
		return err
	}
	text, err := d.call(ctx, http.MethodPost, path, body, token, "")
	if err != nil {
		return err
	}
	var e oncall.Entry
	if err := json.Unmarshal(text, &e); err != nil {
		return fmt.Errorf("reading the receiver's answer: %w", err)
	}
	return d.listEntries([]oncall.Entry{e})
}

func (d desk) listEntries(entries []oncall.Entry) error {
	if len(entries) == 0 {
		fmt.Fprintln(d.env.stdout, "Nothing was entered: the turns are those of the catalogue.")
		return nil
	}
	out := tabwriter.NewWriter(d.env.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "ENTRY\tKIND\tROTA\tPERSON\tINSTEAD\tFROM\tUNTIL\tREASON")
	for _, e := range entries {
		fmt.Fprintf(out, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.ID, e.Kind, orDash(e.Rota, "all"), orDash(e.Person, "-"), orDash(e.Instead, "-"),
			e.From.Format(time.RFC3339), e.Until.Format(time.RFC3339), e.Reason)
	}
	return out.Flush()
}
