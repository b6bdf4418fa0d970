package board

import (
	"fmt"
	"slices"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

type profileView struct {
	frame
	Fields   []profileField
	Ways     []string // by which the person is reached, in words
	Places   []place
	Changed  moment
	Problem  string // what could not be read
	Refused  string // what was wrong with what was entered
	Saved    bool
	Tried    []triedLine
	Calendar string // secret of its address; "" for none

	chosen []string // the order that was refused
}

// profileField is one line of the form.
type profileField struct {
	ProfileLine
	Label, Use string
	Type, Auto string // of the input, and what the browser may fill in
}

// place is one of the order of the ways.
type place struct {
	Number int
	Word   string // Fourth choice
	Ways   []wayChoice
}

type wayChoice struct {
	Way, Word string
	Chosen    bool
}

type triedLine struct {
	Word, Text string
	State      string // sent, failed or none
}

type peopleView struct {
	frame
	People []personRow
	Tested string // name of who was sent a test
	Tried  []triedLine
}

type personRow struct {
	Profile
	Own, File []string // what of it is in the profile, and in the file
	Words     []string // the ways
	Changed   moment
}

// profileFields says how each key is asked for. A key of contacts that is not
// here is asked for by its name.
func profileFields() map[string]profileField {
	return map[string]profileField{
		"email":    {Label: "E-mail", Use: "Used for messages by e-mail.", Type: "email", Auto: "email"},
		"phone":    {Label: "Phone", Use: "Used for text messages and calls. Start with the country code: +44 7700 900000.", Type: "tel", Auto: "tel"},
		"ntfy":     {Label: "ntfy topic", Use: "Used for push messages. Treat it like a password: anybody who knows the topic can read your messages."},
		"pushover": {Label: "Pushover user key", Use: "Used for push messages if you have no ntfy topic."},
		"slack":    {Label: "Slack member id", Use: "Shows that it was you who pressed a button in Slack. You find it there: open your profile, then Copy member ID."},

		"pagerduty": {Label: "PagerDuty user id", Use: "Shows that it was you who acknowledged in PagerDuty. It is the last part of the address of your profile there."},
		"victorops": {Label: "Splunk On-Call user name", Use: "Shows that it was you who acknowledged in Splunk On-Call."},
	}
}

// wayWord is a way for people.
func wayWord(way string) string {
	words := map[string]string{"push": "push message", "sms": "text message", "voice": "phone call", "email": "e-mail"}
	return firstOf(words[way], way)
}

// choiceWord is a place in an order for people.
func choiceWord(number int) string {
	words := [...]string{"First", "Second", "Third", "Fourth", "Fifth", "Sixth"}
	if number <= len(words) {
		return words[number-1] + " choice"
	}
	return fmt.Sprintf("Choice %d", number)
}

func wayWords(ways []string) []string {
	var words []string
	for _, way := range ways {
		words = append(words, wayWord(way))
	}
	return words
}

// add fills in what is known of a person.
func (v *profileView) add(p Profile) {
	for _, line := range p.Lines {
		f := profileFields()[line.Key]
		f.ProfileLine, f.Label, f.Type, f.Auto = line, firstOf(f.Label, line.Key), firstOf(f.Type, "text"), firstOf(f.Auto, "off")
		v.Fields = append(v.Fields, f)
	}
	v.Ways, v.Problem = wayWords(p.Ways), p.Problem
	order := p.Order
	if v.Refused != "" {
		order = v.chosen
	}
	all := slices.Sorted(slices.Values(p.Usual))
	for n := range p.Usual {
		one := place{Number: n + 1, Word: choiceWord(n + 1)}
		for _, way := range all {
			one.Ways = append(one.Ways, wayChoice{way, wayWord(way), n < len(order) && order[n] == way})
		}
		v.Places = append(v.Places, one)
	}
}

// triedWords tells what came of test messages.
func (b *board) triedWords(tried []Tried) []triedLine {
	var lines []triedLine
	for _, t := range tried {
		line := triedLine{Word: wayWord(t.Way), State: "sent", Text: fmt.Sprintf("the provider took it after %.1f s", t.Seconds)}
		switch {
		case t.Skipped:
			line.State, line.Text = "none", "not sent: "+t.Problem
		case t.Problem != "":
			line.State, line.Text = "failed", "did not go out: "+notify.OneLine(t.Problem, 300)
		}
		lines = append(lines, line)
	}
	return lines
}

func (b *board) personRow(p Profile) personRow {
	row := personRow{Profile: p, Words: wayWords(p.Ways), Changed: b.moment(p.At, b.zone())}
	for _, line := range p.Lines {
		switch line.From {
		case FromProfile:
			row.Own = append(row.Own, line.Key)
		case FromFile:
			row.File = append(row.File, line.Key)
		}
	}
	return row
}
