package postmortem

import (
	"fmt"
	"strings"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/figures"
)

// Markdown writes a document. Where plots is not empty it is the folder of the
// files that [File] and [PictureFile] name, as seen from the document; otherwise
// the figures stand in tables alone, and the pictures are where they can be seen.
func Markdown(d Document, plots string) []byte {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# Post-mortem: %s\n", md(d.Title))
	state := "draft"
	if d.Open {
		state = "draft of an incident that goes on"
	}
	line("Incident #%d, service %s, team %s, %s. This is a %s, made from what was kept; times are of %s.", d.ID, md(d.Service), md(d.Team), d.Severity, state, d.Zone)
	if d.Page != "" {
		line("The incident on the board: <%s>", d.Page)
	}
	line("\n## Summary\n")
	for _, sentence := range d.Summary {
		line("%s", md(sentence))
	}
	line("\n_To fill in: what happened, in two sentences for somebody who was not there._")
	facts(line, "Impact", d.Impact)
	facts(line, "How long it took", d.Times)
	line("\n## Contributing\n")
	list(line, d.Causes, "Nothing that was kept names a cause.")
	line("\nDeployments around it:\n")
	list(line, d.Runs, "None that Tocsin knows of.")
	line("\nWhat the probes saw:\n")
	list(line, d.Failures, "No trace was kept.")
	pictures(line, d, plots)
	line("\n_To fill in: the cause, and what made it possible._")
	charts(line, d, plots)
	line("\n## Timeline\n")
	timeline(line, d.Timeline)
	line("\n## What was tried\n")
	timeline(line, d.Tried)
	line("\n## Who was told\n")
	if len(d.Told) == 0 {
		line("Nobody.")
	} else {
		line("| when | whom | how | what | state |\n|---|---|---|---|---|")
	}
	for _, t := range d.Told {
		line("| %s | %s | %s | %s | %s |", t.At, md(t.Who), md(t.Way), md(t.What), md(t.State))
	}
	for _, section := range toFillIn {
		line("\n## %s\n\n%s", section.name, section.text)
	}
	return []byte(b.String())
}

// toFillIn are the sections that only people can write.
var toFillIn = [...]struct{ name, text string }{
	{"What went well", "- \n"},
	{"What did not", "- \n"},
	{"Where we were lucky", "- \n"},
	{"Actions", "| action | prevents, detects or mends | owner | due | ticket |\n|---|---|---|---|---|\n| | | | | |\n| | | | | |"},
}

type writer func(format string, args ...any)

func facts(line writer, name string, facts []Fact) {
	line("\n## %s\n\n| | |\n|---|---|", name)
	for _, f := range facts {
		line("| %s | %s |", md(f.Name), md(f.Value))
	}
}

func list(line writer, items []string, none string) {
	if len(items) == 0 {
		line("%s", none)
	}
	for _, item := range items {
		line("- %s", md(item))
	}
}

func timeline(line writer, lines []Line) {
	if len(lines) == 0 {
		line("Nothing.")
		return
	}
	line("| when | what |\n|---|---|")
	for _, l := range lines {
		line("| %s | %s |", l.At, md(l.Text))
	}
}

func charts(line writer, d Document, plots string) {
	line("\n## Figures\n")
	for _, text := range d.Missing {
		line("%s\n", md(text))
	}
	for _, c := range d.Drawn.Charts {
		line("### %s\n", md(c.Title))
		if plots != "" {
			line("![%s](%s/%s)\n", md(c.Title), plots, File(d, c))
		}
		line("| | before | %s | last |\n|---|---|---|---|", WorstWord(c))
		for _, r := range d.Rows(c) {
			line("| %s | %s | %s | %s |", md(r.Name), md(r.Before), md(r.Worst), md(r.Last))
		}
		line("")
	}
}

func pictures(line writer, d Document, plots string) {
	for n, p := range d.Pictures {
		switch {
		case plots != "" && len(p.PNG) > 0:
			line("\n![%s](%s/%s)", md(p.Text), plots, PictureFile(d, n))
		case p.Address != "":
			line("\nA picture was kept: <%s>", p.Address)
		}
	}
}

// PictureFile is the name of the nth picture of a document.
func PictureFile(d Document, n int) string {
	return fmt.Sprintf("incident-%d-picture-%d.png", d.ID, n+1)
}

// WorstWord heads the column of the worst figures.
func WorstWord(c figures.Chart) string {
	switch {
	case c.Unit == figures.State:
		return "in the incident"
	case c.Lowest:
		return "lowest"
	}
	return "highest"
}

// File is the name of a chart's drawing.
func File(d Document, c figures.Chart) string { return fmt.Sprintf("incident-%d-%s.svg", d.ID, c.Name) }

// escapes are the characters that mean something in Markdown, in a table or in
// HTML.
var escapes = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "|", `\|`, "<", "&lt;", ">", "&gt;", "&", "&amp;", "#", `\#`, "~", `\~`, "\n", "<br>", "\r", "",
)

// md makes foreign text safe in Markdown; ends of lines stay.
func md(text string) string { return escapes.Replace(text) }
