package firstrun

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
)

// Answers are what was said, by the names of the questions. What is missing
// takes its default.
type Answers map[string]string

// Question is one thing to ask. Name is also the name of its flag.
type Question struct {
	Name string
	Text string
	Help string // of the flag
	// Default is what an empty answer means, given the answers so far; empty
	// when the question may be left open.
	Default func(a Answers) string
}

// Questions are all questions in their order. user is the name of whoever
// asks, and zone this machine's timezone; both may be empty.
func Questions(user, zone string) []Question {
	return []Question{
		{"url", "Which address shall be watched?", "The address to watch.", fixed("https://www.example.org/")},
		{"service", "What do people call what is behind it?", "The service's name.", func(a Answers) string { return serviceName(a["url"]) }},
		{"body", "A text that its page always shows (empty for none)?", "A text that the page always shows.", fixed("")},
		{"team", "Which team looks after it?", "The team's name.", func(a Answers) string { return a["service"] }},
		{"email", "Where does the team read its mail?", "The team's mail address.", func(a Answers) string { return "team@" + domain(a["url"]) }},
		{"person", "Who is on call?", "Who is on call.", fixed(or(user, "Asha Rao"))},
		{"person-email", "At which address does that person hear of an outage?", "The mail address of the person on call.", func(a Answers) string { return a["email"] }},
		{"timezone", "In which timezone do people work?", "The timezone in which people work.", fixed(or(zone, "Europe/London"))},
		{"relay", "Which mail relay takes messages (host:port)?", "The mail relay, host:port.", fixed("localhost:25")},
		{"heartbeat", "Which address outside raises the alarm when the receiver stops calling it (empty: give it later)?", "The address that the receiver calls every minute, at somebody outside.", fixed("")},
	}
}

func fixed(text string) func(Answers) string { return func(Answers) string { return text } }

func or(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}

// serviceName proposes a name: of www.shop.example.org it is shop.
func serviceName(address string) string {
	host := domain(address)
	name, _, _ := strings.Cut(host, ".")
	return or(identifier(name), "shop")
}

// domain is the host of an address without www.
func domain(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return "example.org"
	}
	return strings.TrimPrefix(u.Hostname(), "www.")
}

// identifier is a text as the catalogue's names are.
func identifier(text string) string {
	fields := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_'
	})
	return strings.TrimLeft(strings.Join(fields, "-"), "_-")
}

// Complete gives every question that has no answer its default, and returns
// the first answer that the catalogue would refuse as an error.
func Complete(questions []Question, a Answers) error {
	for _, q := range questions {
		if _, said := a[q.Name]; !said {
			a[q.Name] = q.Default(a)
		}
		if err := Judge(questions, a, q.Name); err != nil {
			return fmt.Errorf("--%s: %w", q.Name, err)
		}
	}
	return nil
}

// ErrEnded says that the input ended before all questions were answered.
var ErrEnded = errors.New("the answers ended early: nothing was written")

// Ask puts the questions that have no answer, and asks again until the
// catalogue takes an answer. It ends with ctx's cause, or when the input ends.
func Ask(ctx context.Context, questions []Question, a Answers, in io.Reader, out io.Writer) error {
	lines := read(ctx, in)
	for _, q := range questions {
		if _, said := a[q.Name]; said {
			if err := Judge(questions, a, q.Name); err != nil {
				return fmt.Errorf("--%s: %w", q.Name, err)
			}
			continue
		}
		if err := ask(ctx, q, questions, a, lines, out); err != nil {
			return err
		}
	}
	return nil
}

func ask(ctx context.Context, q Question, questions []Question, a Answers, lines <-chan string, out io.Writer) error {
	for {
		proposed := q.Default(a)
		fmt.Fprintf(out, "%s ", q.Text)
		if proposed != "" {
			fmt.Fprintf(out, "[%s] ", proposed)
		}
		select {
		case <-ctx.Done():
			fmt.Fprintln(out)
			return errors.New("interrupted: nothing was written")
		case line, more := <-lines:
			if !more {
				fmt.Fprintln(out)
				return ErrEnded
			}
			a[q.Name] = or(strings.TrimSpace(line), proposed)
		}
		err := Judge(questions, a, q.Name)
		if err == nil {
			return nil
		}
		fmt.Fprintf(out, "  %v\n", err)
		delete(a, q.Name)
	}
}

// read hands on lines until the input ends or nobody wants more. A read that
// waits for a terminal cannot be called off; it ends with the program.
func read(ctx context.Context, in io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(in)
		for scanner.Scan() {
			select {
			case lines <- scanner.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines
}
