package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/catalog/maintenance"
)

// windows is the path of the API for maintenance windows.
const windows = "/api/v1/maintenance"

// answerWithin bounds a call of the receiver.
const answerWithin = 15 * time.Second

// desk speaks with the receiver's API about maintenance windows and rotas.
type desk struct {
	env                               environment
	file, receiver, tokenFile, person *string
}

// maintenanceCommand is a subcommand of tocsin maintenance with the flags of
// all of them.
func maintenanceCommand(app *kingpin.Application, env environment, name, help string) (*kingpin.CmdClause, desk) {
	return deskCommand(app, env, "maintenance", "Maintenance windows: while one is open over a service, the receiver tells nobody about it.", name, help)
}

// deskCommand is a subcommand of one that speaks with the receiver.
func deskCommand(app *kingpin.Application, env environment, of, about, name, help string) (*kingpin.CmdClause, desk) {
	parent := app.GetCommand(of)
	if parent == nil {
		parent = app.Command(of, about)
	}
	command := parent.Command(name, help)
	return command, addDesk(command, env)
}

// addDesk gives a command the flags with which it finds the receiver.
func addDesk(command *kingpin.CmdClause, env environment) desk {
	return desk{
		env:      env,
		file:     command.Flag("config.file", "The catalogue, for the addresses and the tokens.").Default("tocsin.yml").String(),
		receiver: command.Flag("receiver", "Address of the receiver. By default delivery.receiver.url of the catalogue.").PlaceHolder("URL").String(),
		tokenFile: command.Flag("token-file", "File with a token of delivery.receiver.api_tokens. By default the only one of the catalogue.").
			PlaceHolder("FILE").String(),
		person: command.Flag("as", "Who you are, for the record. By default the name of your account.").PlaceHolder("NAME").String(),
	}
}

// addMaintenanceOpen opens a window.
func addMaintenanceOpen(app *kingpin.Application, env environment) (string, action) {
	command, d := maintenanceCommand(app, env, "open", "Open a window, now or later.")
	var r maintenance.Request
	command.Flag("service", "A service that is worked on; may be repeated.").StringsVar(&r.Services)
	command.Flag("team", "A team whose services are worked on; may be repeated.").StringsVar(&r.Teams)
	command.Flag("all", "Every service of the catalogue.").BoolVar(&r.All)
	command.Flag("for", "How long: 30m, 2h.").Required().StringVar(&r.Duration)
	command.Flag("reason", "What is done, for those who meet it.").Required().StringVar(&r.Reason)
	from := command.Flag("from", "When it begins, "+timeHelp+". By default now.").PlaceHolder("TIME").String()
	key := command.Flag("key", "Opening again with the same key and the rest alike opens nothing: for scripts that are repeated.").String()
	return command.FullCommand(), func(ctx context.Context) error {
		if *from != "" {
			var err error
			if r.From, err = instant("--from", *from, time.Now()); err != nil {
				return err
			}
		}
		r.By = d.who()
		return d.change(ctx, http.MethodPost, "", r, *key)
	}
}

// addMaintenanceList lists what is open and what comes.
func addMaintenanceList(app *kingpin.Application, env environment) (string, action) {
	command, d := maintenanceCommand(app, env, "list", "List the windows that are open and that come.")
	all := command.Flag("all", "Also those that were opened once and are over.").Bool()
	asJSON := command.Flag("json", "As JSON.").Bool()
	return command.FullCommand(), func(ctx context.Context) error {
		query := ""
		if *all {
			query = "?state=all"
		}
		text, err := d.read(ctx, windows+query)
		if err != nil {
			return err
		}
		if *asJSON {
			_, err := d.env.stdout.Write(text)
			return err
		}
		var answer struct {
			Windows []board.Window `json:"windows"`
		}
		if err := json.Unmarshal(text, &answer); err != nil {
			return fmt.Errorf("reading the receiver's answer: %w", err)
		}
		return d.table(answer.Windows)
	}
}

// addMaintenanceExtend gives a window another end.
func addMaintenanceExtend(app *kingpin.Application, env environment) (string, action) {
	command, d := maintenanceCommand(app, env, "extend", "Make a window last this long from now.")
	id := command.Arg("number", "The window's number, as list shows it.").Required().Int64()
	length := command.Flag("for", "How long from now: 30m, 2h.").Required().String()
	return command.FullCommand(), func(ctx context.Context) error {
		return d.change(ctx, http.MethodPost, "/"+strconv.FormatInt(*id, 10)+"/extend", map[string]string{"duration": *length, "by": d.who()}, "")
	}
}

// addMaintenanceEnd ends a window before its time.
func addMaintenanceEnd(app *kingpin.Application, env environment) (string, action) {
	command, d := maintenanceCommand(app, env, "end", "End a window now, or call it off. One that is over stays as it is.")
	id := command.Arg("number", "The window's number, as list shows it.").Required().Int64()
	return command.FullCommand(), func(ctx context.Context) error {
		return d.change(ctx, http.MethodPost, "/"+strconv.FormatInt(*id, 10)+"/end", map[string]string{"by": d.who()}, "")
	}
}

// who is the person for the record.
func (d desk) who() string {
	if *d.person != "" {
		return *d.person
	}
	if account, err := user.Current(); err == nil {
		return account.Username
	}
	return "" // the token's name stands for it
}

// change has something done to a window and prints the window.
func (d desk) change(ctx context.Context, method, path string, body any, key string) error {
	token, err := d.token()
	if err != nil {
		return err
	}
	text, err := d.call(ctx, method, windows+path, body, token, key)
	if err != nil {
		return err
	}
	var w board.Window
	if err := json.Unmarshal(text, &w); err != nil {
		return fmt.Errorf("reading the receiver's answer: %w", err)
	}
	return d.table([]board.Window{w})
}

// table prints windows, one a line.
func (d desk) table(list []board.Window) error {
	if len(list) == 0 {
		fmt.Fprintln(d.env.stdout, "No window is open, and none comes.")
		return nil
	}
	out := tabwriter.NewWriter(d.env.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "WINDOW\tSTATE\tFROM\tUNTIL\tFOR\tREASON")
	for _, w := range list {
		name := w.Name
		if w.ID != 0 {
			name = strconv.FormatInt(w.ID, 10)
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\n", name, w.State, w.From.Format(time.RFC3339), w.Until.Format(time.RFC3339), w.Scope, w.Reason)
	}
	return out.Flush()
}

// token is that of the file which a flag names, or the only one of the
// catalogue.
func (d desk) token() (string, error) {
	if *d.tokenFile != "" {
		text, err := os.ReadFile(*d.tokenFile)
		if err != nil {
			return "", fmt.Errorf("--token-file: %w", err)
		}
		token := strings.TrimSpace(string(text))
		if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return "", fmt.Errorf("--token-file: %s is no token's: want one word in it, and nothing else", *d.tokenFile)
		}
		return token, nil
	}
	c, err := catalogueFlags{file: d.file}.load(d.env)
	if err != nil {
		return "", err
	}
	if c.Delivery.Receiver == nil || len(c.Delivery.Receiver.APITokens) == 0 {
		return "", errors.New("the receiver takes this from nobody without a token: give one under delivery.receiver.api_tokens in the catalogue, or say --token-file=FILE")
	}
	tokens := c.Delivery.Receiver.APITokens
	names := slices.Sorted(maps.Keys(tokens))
	if len(names) > 1 {
		return "", fmt.Errorf("the catalogue has several tokens (%s): choose one with --token-file", strings.Join(names, ", "))
	}
	return tokens[names[0]].Read()
}

// address is where the receiver answers.
func (d desk) address() (string, error) {
	if at := *d.receiver; at != "" {
		if !strings.HasPrefix(at, "http://") && !strings.HasPrefix(at, "https://") {
			return "", fmt.Errorf("--receiver: got %q, want an address such as http://127.0.0.1:10211", at)
		}
		return at, nil
	}
	c, err := catalogueFlags{file: d.file}.load(d.env)
	if err != nil {
		return "", err
	}
	address := c.Links.Board
	if c.Delivery.Receiver != nil {
		address = cmp.Or(c.Delivery.Receiver.URL, address)
	}
	if address == "" {
		return "", errors.New("the catalogue names no receiver: add delivery.receiver.url, or say --receiver=URL")
	}
	return address, nil
}

// read asks the receiver for something, with a token where there is one: a
// board that people log in to shows nothing to others.
func (d desk) read(ctx context.Context, path string) ([]byte, error) {
	token, err := d.token()
	if err != nil && *d.tokenFile != "" {
		return nil, err
	} else if err != nil {
		token = ""
	}
	return d.call(ctx, http.MethodGet, path, nil, token, "")
}

// call gives the receiver's answer; what it refuses is an error in its words.
func (d desk) call(ctx context.Context, method, path string, body any, token, key string) ([]byte, error) {
	address, err := d.address()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	text, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("asking the receiver: %w", err)
	}
	if body == nil {
		text = nil
	}
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(address, "/")+path, bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("asking the receiver: %w", err)
	}
	if token == "" {
		token = d.reader()
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // it repeats the address
		}
		if ctx.Err() == nil {
			err = fmt.Errorf("%w: does it run there? Another address is said by --receiver=URL", err)
		}
		return nil, fmt.Errorf("asking the receiver at %s: %w", address, err)
	}
	defer func() { _ = response.Body.Close() }()
	const most = 16 << 20
	answer, err := io.ReadAll(io.LimitReader(response.Body, most))
	if err != nil {
		return nil, fmt.Errorf("asking the receiver: %w", err)
	}
	if response.StatusCode < 300 {
		return answer, nil
	}
	var refused struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(answer, &refused) != nil || refused.Error == "" {
		return nil, fmt.Errorf("the receiver at %s answered %s: is it Tocsin's, and new enough?", address, response.Status)
	}
	return nil, mended(response.StatusCode, refused.Error, path)
}

// mended is the receiver's word with what mends it.
func mended(code int, said, path string) error {
	switch {
	case code == http.StatusUnauthorized:
		return fmt.Errorf("%s (the tool sends the token of --token-file, or else the only one of delivery.receiver.api_tokens)", said)
	case code == http.StatusNotFound && strings.HasPrefix(path, incidentsPath):
		return fmt.Errorf("%s: `tocsin incident list --state=all` lists those that are", said)
	case code == http.StatusNotFound && strings.HasPrefix(path, windows):
		return fmt.Errorf("%s: `tocsin maintenance list` lists those that are", said)
	case code == http.StatusNotFound && strings.HasPrefix(path, entriesPath):
		return fmt.Errorf("%s: `tocsin oncall list` lists those that are", said)
	}
	return errors.New(said)
}
