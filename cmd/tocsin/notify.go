package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"text/tabwriter"

	"github.com/alecthomas/kingpin/v2"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
)

// addNotifyTest tries out whether somebody is reached.
func addNotifyTest(app *kingpin.Application, env environment) (string, action) {
	command, d := deskCommand(app, env, "notify", "Messages to people.", "test", "Send somebody a test message by every way, and say what came of each. Ends with 1 when one failed.")
	person := command.Arg("person", "Whom, as the catalogue names them.").Required().String()
	ways := command.Flag("by", "This way only: email, push, sms or voice; may be repeated.").Strings()
	return command.FullCommand(), func(ctx context.Context) error {
		token, err := d.token()
		if err != nil {
			return err
		}
		text, err := d.call(ctx, http.MethodPost, "/api/v1/people/"+url.PathEscape(*person)+"/test", map[string]any{"ways": *ways, "by": d.who()}, token, "")
		if err != nil {
			return err
		}
		var answer struct {
			Tried []board.Tried `json:"tried"`
		}
		if err := json.Unmarshal(text, &answer); err != nil {
			return fmt.Errorf("reading the receiver's answer: %w", err)
		}
		return d.tried(*person, answer.Tried, len(*ways) > 0)
	}
}

// tried prints what came of each way. A way that was asked for must reach.
func (d desk) tried(person string, results []board.Tried, asked bool) error {
	out := tabwriter.NewWriter(d.env.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "WAY\tRESULT\tAFTER")
	reached, failed := 0, 0
	for _, one := range results {
		result, after := "taken by the provider", fmt.Sprintf("%.1fs", one.Seconds)
		switch {
		case one.Skipped:
			result, after = "not used: "+one.Problem, "-"
		case one.Problem != "":
			result = "failed: " + one.Problem
			failed++
		default:
			reached++
		}
		if one.Skipped && asked {
			failed++
		}
		fmt.Fprintf(out, "%s\t%s\t%s\n", one.Way, result, after)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if reached == 0 {
		return fmt.Errorf("nothing reaches %s: give people.%s contacts in the catalogue, or an address on their profile on the board, and a channel for it under delivery", person, person)
	}
	if failed > 0 {
		return errReported
	}
	return nil
}
