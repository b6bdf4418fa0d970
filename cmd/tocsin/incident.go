package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/postmortem"
)

// incidentsPath is the path of the API for incidents.
const incidentsPath = "/api/v1/incidents"

// answeredIncident is what the tool shows of the API's answer.
type answeredIncident struct {
	ID       int64      `json:"id"`
	Service  string     `json:"service"`
	Team     string     `json:"team"`
	Severity string     `json:"severity"`
	Title    string     `json:"title"`
	Open     bool       `json:"open"`
	Since    time.Time  `json:"since"`
	ClosedAt *time.Time `json:"closed_at"`
	Owner    string     `json:"owner"`
	Timeline []struct {
		At   time.Time `json:"at"`
		Text string    `json:"text"`
	} `json:"timeline"`
}

func (i answeredIncident) state() string {
	switch {
	case !i.Open:
		return "closed"
	case i.Owner != "":
		return "acknowledged"
	}
	return "open"
}

func incidentCommand(app *kingpin.Application, env environment, name, help string) (*kingpin.CmdClause, desk) {
	return deskCommand(app, env, "incident", "Incidents, and what was kept with them.", name, help)
}

// addIncidentList lists incidents.
func addIncidentList(app *kingpin.Application, env environment) (string, action) {
	command, d := incidentCommand(app, env, "list", "List the open incidents, the worst first.")
	state := command.Flag("state", "Which: open, closed (the last hundred) or all.").Default("open").Enum("open", "closed", "all")
	asJSON := command.Flag("json", "As JSON.").Bool()
	return command.FullCommand(), func(ctx context.Context) error {
		text, err := d.read(ctx, incidentsPath+"?state="+*state)
		if err != nil {
			return err
		}
		if *asJSON {
			_, err := d.env.stdout.Write(text)
			return err
		}
		var answer struct {
			Incidents []answeredIncident `json:"incidents"`
		}
		if err := json.Unmarshal(text, &answer); err != nil {
			return fmt.Errorf("reading the receiver's answer: %w", err)
		}
		if len(answer.Incidents) == 0 {
			fmt.Fprintln(d.env.stdout, "No incident is "+map[string]string{"open": "open.", "closed": "closed.", "all": "known."}[*state])
			return nil
		}
		out := tabwriter.NewWriter(d.env.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(out, "INCIDENT\tSEVERITY\tSTATE\tSINCE\tSERVICE\tWHO\tWHAT")
		for _, i := range answer.Incidents {
			fmt.Fprintf(out, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", i.ID, orDash(i.Severity, "in doubt"), i.state(), i.Since.UTC().Format(time.RFC3339), i.Service, orDash(i.Owner, "-"), i.Title)
		}
		return out.Flush()
	}
}

// addIncidentShow shows one incident with its timeline.
func addIncidentShow(app *kingpin.Application, env environment) (string, action) {
	command, d := incidentCommand(app, env, "show", "Show an incident and its timeline.")
	id := command.Arg("number", "The incident's number.").Required().Int64()
	asJSON := command.Flag("json", "As JSON.").Bool()
	return command.FullCommand(), func(ctx context.Context) error {
		text, err := d.read(ctx, incidentPath(*id, ""))
		if err != nil {
			return err
		}
		if *asJSON {
			_, err := d.env.stdout.Write(text)
			return err
		}
		var i answeredIncident
		if err := json.Unmarshal(text, &i); err != nil {
			return fmt.Errorf("reading the receiver's answer: %w", err)
		}
		fmt.Fprintf(d.env.stdout, "Incident %d: %s\n%s, %s, service %s, team %s, since %s", i.ID, i.Title, orDash(i.Severity, "in doubt"), i.state(), i.Service, i.Team, i.Since.UTC().Format(time.RFC3339))
		if i.ClosedAt != nil {
			fmt.Fprintf(d.env.stdout, " until %s", i.ClosedAt.UTC().Format(time.RFC3339))
		}
		fmt.Fprintln(d.env.stdout)
		for _, line := range i.Timeline {
			fmt.Fprintf(d.env.stdout, "%s  %s\n", line.At.UTC().Format(time.RFC3339), line.Text)
		}
		return nil
	}
}

func incidentPath(id int64, below string) string {
	return incidentsPath + "/" + strconv.FormatInt(id, 10) + below
}

// addIncidentPostmortem writes the draft of a post-mortem.
func addIncidentPostmortem(app *kingpin.Application, env environment) (string, action) {
	command, d := incidentCommand(app, env, "postmortem", "Write a draft of the post-mortem from what was kept with an incident.")
	id := command.Arg("number", "The incident's number.").Required().Int64()
	format := command.Flag("format", "markdown, html (one file with its plots in it) or json.").Default("markdown").Enum("markdown", "html", "json")
	output := command.Flag("output", "The file to write. By default it is printed.").Short('o').PlaceHolder("FILE").String()
	plots := command.Flag("plots", "With markdown: a folder for the plots as SVG files and the pictures as PNG files, which the text then shows.").PlaceHolder("FOLDER").String()
	return command.FullCommand(), func(ctx context.Context) error {
		if *plots != "" && *format != "markdown" {
			return errors.New("--plots: only Markdown has its plots in files of their own: leave it out, or say --format=markdown")
		}
		text, err := d.read(ctx, incidentPath(*id, "/postmortem?format=json&pictures=yes"))
		if err != nil {
			return err
		}
		var document postmortem.Document
		if err := json.Unmarshal(text, &document); err != nil {
			return fmt.Errorf("reading the receiver's answer: %w", err)
		}
		switch *format {
		case "markdown":
			from, err := d.drawn(document, *plots, *output)
			if err != nil {
				return err
			}
			text = postmortem.Markdown(document, from)
		case "html":
			if text, err = postmortem.HTML(document); err != nil {
				return err
			}
		}
		if *output == "" {
			_, err := d.env.stdout.Write(text)
			return err
		}
		if err := os.WriteFile(*output, text, 0o600); err != nil {
			return fmt.Errorf("--output: %w", err)
		}
		fmt.Fprintf(d.env.stdout, "Wrote %s.\n", *output)
		return nil
	}
}

// drawn writes the plots and pictures of a document into a folder, and gives the folder as
// the text in a file sees it.
func (d desk) drawn(document postmortem.Document, folder, output string) (string, error) {
	if folder == "" {
		return "", nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", fmt.Errorf("--plots: %w", err)
	}
	for _, chart := range document.Drawn.Charts {
		name := filepath.Join(folder, filepath.Base(postmortem.File(document, chart)))
		if err := os.WriteFile(name, []byte(document.SVG(chart, true)), 0o600); err != nil {
			return "", fmt.Errorf("--plots: %w", err)
		}
	}
	for n, picture := range document.Pictures {
		if len(picture.PNG) == 0 {
			continue
		}
		if err := os.WriteFile(filepath.Join(folder, postmortem.PictureFile(document, n)), picture.PNG, 0o600); err != nil {
			return "", fmt.Errorf("--plots: %w", err)
		}
	}
	if output == "" {
		return filepath.ToSlash(folder), nil
	}
	seen, err := filepath.Rel(filepath.Dir(output), folder)
	if err != nil {
		return filepath.ToSlash(folder), nil //nolint:nilerr // another volume: the folder as it was named
	}
	return filepath.ToSlash(seen), nil
}

// reader is the token with which the tool reads, where it has one: a board that
// asks for a login wants it.
func (d desk) reader() string {
	token, err := d.token()
	if err != nil {
		return ""
	}
	return token
}
