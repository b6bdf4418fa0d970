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
		"email":    {Label: "E-mail", Use: "messages by e-mail", Type: "email", Auto: "email"},
		"phone":    {Label: "Phone", Use: "text messages and calls; in the international form, such as +44 7700 900000", Type: "tel", Auto: "tel"},
		"ntfy":     {Label: "ntfy topic", Use: "push messages. The topic is a password: whoever knows it reads along"},
		"pushover": {Label: "Pushover user key", Use: "push messages, for who has no ntfy topic"},
		"slack":    {Label: "Slack member id", Use: "buttons that you press in Slack are known by it; in Slack: profile, copy member ID"},

		"pagerduty": {Label: "PagerDuty user id", Use: "what you do in PagerDuty is known by it: the end of your profile's address there"},
		"victorops": {Label: "Splunk On-Call user name", Use: "what you do in Splunk On-Call is known by it"},
	}
}

// wayWord is a way for people.
func wayWord(way string) string {
	words := map[string]string{"push": "push message", "sms": "text message", "voice": "phone call", "email": "e-mail"}
	return firstOf(words[way], way)
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
		one := place{Number: n + 1}
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
