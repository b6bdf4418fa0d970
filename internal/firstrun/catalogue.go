package firstrun

import (
	"errors"
	"fmt"
	"net/mail"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// File is one file to write. Private ones hold personal data.
type File struct {
	Name    string // relative to the catalogue's folder
	Content []byte
	Private bool
}

// Files are the catalogue, named as it is to be called, and the contacts file
// of the person on call. Every question has an answer.
func Files(name string, a Answers) []File {
	id := personID(a)
	return []File{
		{Name: "contacts/" + id + ".yml", Content: []byte("# How " + oneLine(a["person"]) + " is reached; only the receiver reads it (docs/contacts.md).\nemail: " + quoted(a["person-email"]) + "\n"), Private: true},
		{Name: name, Content: []byte(catalogue(a))},
	}
}

func personID(a Answers) string {
	first, _, _ := strings.Cut(strings.TrimSpace(a["person"]), " ")
	return or(identifier(first), "on-call")
}

// Judge says what is wrong with the answer to one question: the catalogue that
// it would make, with the defaults of what is not answered yet, is loaded.
func Judge(questions []Question, a Answers, name string) error {
	switch answer := a[name]; {
	case name == "person-email" || name == "email":
		if parsed, err := mail.ParseAddress(answer); err != nil || parsed.Address != answer {
			return fmt.Errorf("got %q, want a mail address such as team@example.org", answer)
		}
	case name == "person" && strings.TrimSpace(answer) == "":
		return errors.New("somebody has to be on call (want a name such as Asha Rao)")
	}
	trial, judged := Answers{}, false
	for _, q := range questions { // later answers are judged in their turn
		answer, said := a[q.Name]
		if !said || judged {
			answer = q.Default(trial)
		}
		trial[q.Name] = answer
		judged = judged || q.Name == name
	}
	_, err := catalog.Parse("tocsin.yml", []byte(catalogue(trial)))
	var mistakes catalog.Errors
	if errors.As(err, &mistakes) {
		return errors.New(mistakes[0].Problem)
	}
	return err
}

// catalogue is the text of the first catalogue.
func catalogue(a Answers) string {
	team, id, email := a["team"], personID(a), quoted(a["email"])
	expect := ""
	if a["body"] != "" {
		expect = ", body: " + quoted(a["body"])
	}
	heartbeat := "# heartbeat: {url: https://…} # somebody outside, who raises the alarm when the receiver stops calling: to be given"
	if a["heartbeat"] != "" {
		heartbeat = "heartbeat: {url: " + quoted(a["heartbeat"]) + "}"
	}
	return fmt.Sprintf(`# The first catalogue, written by tocsin init. Every key is explained in docs/catalogue.md.
links:
  prometheus: http://127.0.0.1:9090
  alertmanager: [http://127.0.0.1:9093]
  board: http://127.0.0.1:10211

delivery:
  smtp: {host: %s, from: tocsin@%s}
  receiver: {url: http://127.0.0.1:10211}

monitoring: # looks after Tocsin itself; break_glass hears of it when the receiver is dead
  team: %s
  break_glass: [{email: %s}]
  %s

people:
  %s: {name: %s, contacts: {file: contacts/%s.yml}}

teams:
  %s:
    members: [%s]
    channels: {email: %s}
    rota: %s
    escalation: page

rotas: # add people to take turns, and a backup for when nobody answers
  %s: {timezone: %s, handover: monday 09:30, people: [%s]}

escalations:
  page:
    - {notify: on_call, by: [email], every: 10m}

services:
  %s:
    team: %s
    url: %s
    probes:
      home: {http: {url: %s%s}}
`, quoted(a["relay"]), domain(a["url"]), quoted(team), email, heartbeat,
		quoted(id), quoted(a["person"]), id,
		quoted(team), quoted(id), email, quoted(team),
		quoted(team), quoted(a["timezone"]), quoted(id),
		quoted(a["service"]), quoted(team), quoted(a["url"]), quoted(a["url"]), expect)
}

// quoted is a text as YAML takes it on one line inside { }.
func quoted(text string) string {
	node := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Tag: "!!str", Value: oneLine(text)}}}
	written, err := yaml.Marshal(node)
	if err != nil {
		return fmt.Sprintf("%q", text)
	}
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(string(written)), "["), "]")
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
