package notify

import (
	"fmt"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// mostOfStart is more than the start of a text message can have.
const mostOfStart = mostParts * gsmPart

// textMessage is what stands in a text message: how bad it is, what it is,
// how to answer. The number of the message, or the time, makes each one
// different, because networks block what repeats itself. Replies says that an answer comes back
// to us; ahead is what the provider may put before it.
func textMessage(m Message, replies bool, ahead string) string {
	t := Compose(m)
	if m.Said != nil {
		return textOf(ahead, OneLine(sentence(t.Subject)+" "+t.Lead, mostOfStart), " ("+m.At.UTC().Format("15:04:05")+")")
	}
	end := fmt.Sprintf(" (%d.%d", m.Incident.ID, m.Number)
	if m.Attempt > 1 {
		end += fmt.Sprintf(", try %d", m.Attempt)
	}
	end += ")"
	if m.Board != "" {
		end = " " + m.Board + end
	}
	if m.AcknowledgeURL != "" && m.Kind != incident.MessageResolved {
		answer := " Acknowledge: " + m.AcknowledgeURL
		if replies {
			answer = fmt.Sprintf(" Reply ACK %d.", m.Incident.ID)
		}
		end = answer + end
	}
	start := sentence(t.Subject)
	if impact := OneLine(m.Incident.Lead().Annotations["impact"], 150); impact != "" && m.Kind != incident.MessageResolved {
		start += " " + sentence(impact) + " Since " + Clock(m.Incident.Began(), m.Zone) + "."
	}
	return textOf(ahead, OneLine(start, mostOfStart), end)
}

// Spoken is what a voice says of an incident.
func Spoken(i incident.Incident, now time.Time) string {
	lead := i.Lead()
	impact := OneLine(lead.Annotations["impact"], 200)
	words := []string{
		fmt.Sprintf("This is Tocsin with incident %d.", i.ID),
		fmt.Sprintf("%s: %s", sentenceCase(string(i.Severity)), sentence(OneLine(lead.Summary(), 300))),
		sentence(impact),
		fmt.Sprintf("It began %s ago.", spokenLength(now.Sub(i.Began()))),
	}
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}

func sentenceCase(word string) string {
	if word == "" {
		return ""
	}
	return strings.ToUpper(word[:1]) + word[1:]
}

func spokenLength(d time.Duration) string {
	minutes := int(max(d, 0).Minutes())
	switch {
	case minutes < 1:
		return "less than a minute"
	case minutes == 1:
		return "one minute"
	case minutes < 120:
		return fmt.Sprintf("%d minutes", minutes)
	}
	return fmt.Sprintf("%d hours", minutes/60)
}
