package notify

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// slackBots writes to the channels of the teams that have a bot: one message
// per incident, which always shows how things stand, with buttons; and below it
// a thread in which each piece of news is a reply. See
// https://docs.slack.dev/reference/methods/chat.postMessage/.
type slackBots struct{ teams map[string]*slackAPI }

func newSlack(s Settings) (Channel, error) {
	teams, err := perTeam(s.Catalog, func(path string, of catalog.Channels) (*slackAPI, bool, error) {
		if !of.Slack.Bot() {
			return nil, false, nil
		}
		api := &slackAPI{http: s.HTTP, spec: of.Slack, place: path + ".slack"}
		_, err := secretFile(api.place+".bot_token_file", of.Slack.BotTokenFile)
		return api, true, err
	})
	if len(teams) == 0 || err != nil {
		return nil, err
	}
	return &slackBots{teams}, nil
}

// Send writes or changes the incident's message, and adds what is new to its
// thread. The thread of its receipt is the message's place, so that the next
// one finds it after a restart.
func (c *slackBots) Send(ctx context.Context, m Message) (Receipt, error) {
	api := c.teams[teamOf(m.To.ID)]
	if api == nil {
		return Receipt{}, permanent("the team has no Slack bot any more")
	}
	at, fresh, err := api.show(ctx, m)
	if err == nil && !fresh && m.Kind != incident.MessageOpened {
		err = api.reply(ctx, m, at)
	}
	if err != nil {
		return Receipt{}, slackError(err)
	}
	return Receipt{Thread: at.String()}, nil
}

// slackError keeps what is not sorted yet from being told as it is.
func slackError(err error) error {
	if sorted, ok := errors.AsType[*Error](err); ok {
		return sorted
	}
	return temporary("speaking to Slack: %w", err)
}

// slackPlace is where a message stands.
type slackPlace struct{ channel, ts string }

// String is the place as a thread remembers it; [parseSlackPlace] reads it.
func (p slackPlace) String() string { return p.channel + " " + p.ts }

func parseSlackPlace(thread string) (slackPlace, bool) {
	channel, ts, ok := strings.Cut(thread, " ")
	return slackPlace{channel, ts}, ok && channel != "" && ts != ""
}

// slackMessage is the body of chat.postMessage and chat.update.
type slackMessage struct {
	Channel     string         `json:"channel"`
	TS          string         `json:"ts,omitempty"`
	ThreadTS    string         `json:"thread_ts,omitempty"`
	Broadcast   bool           `json:"reply_broadcast,omitempty"`
	Text        string         `json:"text"`
	Blocks      []slackBlock   `json:"blocks"`
	Metadata    *slackMetadata `json:"metadata,omitempty"`
	UnfurlLinks bool           `json:"unfurl_links"`
	UnfurlMedia bool           `json:"unfurl_media"`
}

// slackMetadata is what only programs see of a message; by it we know our own
// again.
type slackMetadata struct {
	Type    string `json:"event_type"`
	Payload struct {
		Incident string `json:"incident,omitempty"`
		Message  string `json:"message,omitempty"`
	} `json:"event_payload"`
}

const (
	slackIncident = "tocsin_incident"
	slackNews     = "tocsin_news"
)

func slackMark(kind string, m Message) *slackMetadata {
	mark := &slackMetadata{Type: kind}
	mark.Payload.Incident = SlackRef(m.Incident.ID, m.Board)
	if kind == slackNews {
		mark.Payload.Message = m.ID
	}
	return mark
}

// show brings the incident's message up to date, or writes it where there is
// none; fresh says that it was written now.
func (s *slackAPI) show(ctx context.Context, m Message) (at slackPlace, fresh bool, err error) {
	at, known := parseSlackPlace(m.Thread)
	if !known && !firstHere(m) { // an earlier attempt may have written it
		if at, known, err = s.find(ctx, m); err != nil {
			return at, false, err
		}
	}
	if known {
		gone, err := s.update(ctx, m, at)
		if err != nil || !gone {
			return at, false, err
		}
	}
	body := slackMessage{Channel: s.spec.Channel, Text: slackFallback(m), Blocks: s.blocks(m), Metadata: slackMark(slackIncident, m)}
	var taken struct{ Channel, TS string }
	if err := s.write(ctx, "chat.postMessage", body, &taken); err != nil {
		return at, false, err
	}
	taken.Channel, taken.TS = threadName(taken.Channel), threadName(taken.TS)
	if taken.Channel == "" || taken.TS == "" {
		return at, false, temporary("Slack's answer names no message")
	}
	return slackPlace{taken.Channel, taken.TS}, true, nil
}

// update changes the message; gone says that there is none any more that we
// could change.
func (s *slackAPI) update(ctx context.Context, m Message, at slackPlace) (gone bool, err error) {
	body := slackMessage{Channel: at.channel, TS: at.ts, Text: slackFallback(m), Blocks: s.blocks(m), Metadata: slackMark(slackIncident, m)}
	err = s.write(ctx, "chat.update", body, nil)
	switch {
	case slackSaid(err, "edit_window_closed"):
		return false, nil // the thread goes on below what it says
	case slackSaid(err, "message_not_found", "cant_update_message", "channel_not_found", "not_in_channel", "is_archived"):
		return true, nil // deleted, or of an earlier channel or bot: it is written again
	}
	return false, err
}

// reply adds a piece of news to the thread.
func (s *slackAPI) reply(ctx context.Context, m Message, at slackPlace) error {
	if m.Attempt > 1 {
		told, err := s.replied(ctx, m, at)
		if told || err != nil {
			return err
		}
	}
	text := slackNewsLine(m)
	body := slackMessage{
		Channel: at.channel, ThreadTS: at.ts, Broadcast: slackLoud(m), Metadata: slackMark(slackNews, m),
		Text: slackEscape(text, slackLongest), Blocks: []slackBlock{{Type: "section", Text: slackPlain(text, slackLongest)}},
	}
	return s.write(ctx, "chat.postMessage", body, nil)
}

// slackLoud says whether a reply is shown in the channel too: when a fault is
// back, and when a step of the escalation begins.
func slackLoud(m Message) bool {
	return m.Kind == incident.MessageReopened || m.Kind == incident.MessagePage && newStep(m)
}

// newStep says whether the page that a message tells of is the first of its
// step since the outage began.
func newStep(m Message) bool {
	seen := map[int]bool{}
	loud := true
	for _, page := range m.Incident.Messages {
		if page.Kind != incident.MessagePage || page.At.Before(m.Incident.Since) || page.Number > m.Number || page.Ways == nil {
			continue
		}
		loud, seen[page.Step] = !seen[page.Step], true
	}
	return loud
}

// slackFound is a message as the history lists it.
type slackFound struct {
	TS       string         `json:"ts"`
	Metadata *slackMetadata `json:"metadata"`
}

type slackPage struct {
	Messages []slackFound `json:"messages"`
	More     struct {
		Cursor string `json:"next_cursor"`
	} `json:"response_metadata"`
}

// historyPages bounds the search for a message: 100 are on a page.
const historyPages = 5

// find looks for the incident's message in the channel, from the newest back
// to the incident's beginning. The history is asked by the channel's id; where
// the catalogue has its name, or the bot may not read, nothing is found, and a
// repeated attempt may write a second message.
func (s *slackAPI) find(ctx context.Context, m Message) (slackPlace, bool, error) {
	query := url.Values{"oldest": {slackTime(m.Incident.Opened.Add(-time.Minute))}}
	channel, err := s.channelID(ctx)
	if channel == "" || err != nil {
		return slackPlace{}, false, err
	}
	want := slackMark(slackIncident, m)
	ts, err := s.search(ctx, "conversations.history", channel, query, want)
	return slackPlace{channel, ts}, ts != "", err
}

// replied looks for a reply that an earlier attempt may have written.
func (s *slackAPI) replied(ctx context.Context, m Message, at slackPlace) (bool, error) {
	query := url.Values{"ts": {at.ts}, "oldest": {slackTime(m.At.Add(-time.Minute))}}
	ts, err := s.search(ctx, "conversations.replies", at.channel, query, slackMark(slackNews, m))
	return ts != "", err
}

// search gives the timestamp of the message with a mark, or "".
func (s *slackAPI) search(ctx context.Context, method, channel string, query url.Values, want *slackMetadata) (string, error) {
	query.Set("channel", channel)
	query.Set("include_all_metadata", "true")
	query.Set("limit", "100")
	for range historyPages {
		var page slackPage
		err := s.read(ctx, method, query, &page)
		if slackSaid(err, "missing_scope", "no_permission", "channel_not_found", "thread_not_found", "not_in_channel") {
			return "", nil // a message that may come twice is better than none
		}
		if err != nil {
			return "", err
		}
		for _, found := range page.Messages {
			if found.Metadata != nil && *found.Metadata == *want {
				return found.TS, nil
			}
		}
		if page.More.Cursor == "" {
			break
		}
		query.Set("cursor", page.More.Cursor)
	}
	return "", nil
}

func slackTime(t time.Time) string {
	return strconv.FormatFloat(float64(t.UnixMicro())/1e6, 'f', 6, 64)
}

// channelID is the id of the channel, by which the history is asked: the
// catalogue has it, or a list of the channels that the bot is in.
func (s *slackAPI) channelID(ctx context.Context) (string, error) {
	name, named := strings.CutPrefix(s.spec.Channel, "#")
	if !named && isSlackID(name) {
		return name, nil
	}
	query := url.Values{"types": {"public_channel,private_channel"}, "exclude_archived": {"true"}, "limit": {"200"}}
	for range historyPages {
		var page struct {
			Channels []struct{ ID, Name string } `json:"channels"`
			More     struct {
				Cursor string `json:"next_cursor"`
			} `json:"response_metadata"`
		}
		err := s.read(ctx, "users.conversations", query, &page)
		if slackSaid(err, "missing_scope", "no_permission") {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		for _, channel := range page.Channels {
			if channel.Name == name {
				return channel.ID, nil
			}
		}
		if page.More.Cursor == "" {
			break
		}
		query.Set("cursor", page.More.Cursor)
	}
	return "", nil
}

// isSlackID says whether a channel is given by its id, such as C0123ABCD.
func isSlackID(channel string) bool {
	return len(channel) >= 9 && strings.Trim(channel, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == "" && strings.ContainsAny(channel[:1], "CG")
}

// SlackWhisper tells one person in the channel something that nobody else sees.
// Thread is the message below which it stands.
func SlackWhisper(ctx context.Context, s Settings, team, channel, thread, user, text string) error {
	of := s.Catalog.Teams[team]
	if of == nil || !of.Channels.Slack.Bot() {
		return fmt.Errorf("team %q has no Slack bot any more", team)
	}
	api := &slackAPI{http: s.HTTP, spec: of.Channels.Slack, place: "teams." + team + ".channels.slack"}
	body := map[string]any{
		"channel": channel, "user": user, "text": slackEscape(text, slackLongest),
		"blocks": []slackBlock{{Type: "section", Text: slackPlain(text, slackLongest)}},
	}
	if thread != "" {
		body["thread_ts"] = thread
	}
	return api.write(ctx, "chat.postEphemeral", body, nil)
}
