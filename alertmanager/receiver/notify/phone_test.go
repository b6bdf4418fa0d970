package notify_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

func TestEveryTextMessageIsDifferent(t *testing.T) {
	p := newTwilioServer(t, "sms")
	p.answer(201)
	channel := channels(t, p)[incident.WaySMS]
	m := message(kind(t, incident.WaySMS))
	seen := map[string]bool{}
	for number := range 5 {
		for attempt := range 3 {
			m.Number, m.Attempt = number+1, attempt+1
			_, err := channel.Send(t.Context(), m)
			require.NoError(t, err)
			require.False(t, seen[p.taken()], "networks block what repeats itself: %s", p.taken())
			seen[p.taken()] = true
		}
	}
	require.Equal(t, "600", p.sent("ValidityPeriod"))
	require.Equal(t, "https://board.example.org/callback/twilio/text/7.1.asha.sms", p.sent("StatusCallback"))
	m.Callback = ""
	_, err := channel.Send(t.Context(), m)
	require.NoError(t, err)
	require.NotContains(t, p.taken(), "Reply", "no reply would come back")
	require.Contains(t, p.taken(), "https://board.example.org/acknowledge/abc.def")
}

func TestTheRefusalOfANumberIsSaidInWords(t *testing.T) {
	p := newTwilioServer(t, "sms")
	p.answer(400)
	_, err := channels(t, p)[incident.WaySMS].Send(t.Context(), message(kind(t, incident.WaySMS)))
	require.EqualError(t, err, "the server answered 400 Bad Request, with Twilio's error 21614 (the number is not a mobile phone's)")
	p.answer(429)
	_, err = channels(t, p)[incident.WaySMS].Send(t.Context(), message(kind(t, incident.WaySMS)))
	var refusal *notify.Error
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, 7*time.Second, refusal.RetryAfter)
}

func TestWhatTwilioSaysOfAMessage(t *testing.T) {
	cases := []struct {
		way, answer string
		want        incident.DeliveryState
	}{
		{incident.WaySMS, `{"status":"queued","error_code":null}`, incident.DeliverySent},
		{incident.WaySMS, `{"status":"sent"}`, incident.DeliverySent},
		{incident.WaySMS, `{"status":"something new"}`, ""},
		{incident.WaySMS, `{"status":"delivered"}`, incident.DeliveryDelivered},
		{incident.WaySMS, `{"status":"undelivered","error_code":30003}`, incident.DeliveryUndelivered},
		{incident.WaySMS, `{"status":"failed","error_code":30008}`, incident.DeliveryUndelivered},
		{incident.WayVoice, `{"status":"ringing"}`, incident.DeliverySent},
		{incident.WayVoice, `{"status":"in-progress","answered_by":"unknown"}`, incident.DeliverySent},
		{incident.WayVoice, `{"status":"in-progress","answered_by":"human"}`, incident.DeliverySent},
		{incident.WayVoice, `{"status":"something new"}`, ""},
		{incident.WayVoice, `{"status":"completed"}`, incident.DeliveryUndelivered},
		{incident.WayVoice, `{"status":"completed","answered_by":"unknown"}`, incident.DeliveryUndelivered},
		{incident.WayVoice, `{"status":"completed","answered_by":"human"}`, incident.DeliveryUndelivered},
		{incident.WayVoice, `{"status":"in-progress","answered_by":"machine_start"}`, incident.DeliveryUndelivered},
		{incident.WayVoice, `{"status":"busy"}`, incident.DeliveryUndelivered},
		{incident.WayVoice, `{"status":"no-answer"}`, incident.DeliveryUndelivered},
	}
	for _, c := range cases {
		t.Run(c.way+c.answer, func(t *testing.T) {
			p := newTwilioServer(t, c.way)
			p.answer(201)
			opened := channels(t, p)
			receipt, err := opened[c.way].Send(t.Context(), message(kind(t, c.way)))
			require.NoError(t, err)
			require.True(t, receipt.Follows)
			p.status = c.answer
			follower, thread, ok := opened.Follower(c.way, receipt.Thread)
			require.True(t, ok)
			fate, err := follower.Follow(t.Context(), thread, false)
			require.NoError(t, err)
			require.Equal(t, c.want, fate.State)
			require.Equal(t, c.want == incident.DeliveryUndelivered, fate.Problem != "")
		})
	}
}

func TestAMessageIDIsReadBack(t *testing.T) {
	for _, recipient := range []string{"asha", "asha.rao", "pipeline/deploy.yml"} {
		in, ok := notify.ParseMessageID(notify.MessageID(7, 3, recipient, "sms"))
		require.True(t, ok)
		require.Equal(t, incident.Receipted{Incident: 7, Message: 3, Recipient: recipient, Way: "sms"}, in)
	}
	for _, text := range []string{"", "7", "7.1", "7.1.asha", "7.1..sms", "7.1.asha.", "x.1.asha.sms", "7.x.asha.sms"} {
		_, ok := notify.ParseMessageID(text)
		require.False(t, ok, text)
	}
}

// scripted is a channel that answers as it is told to.
type scripted struct {
	err   error
	calls *[]string
	name  string
}

func (s scripted) Send(_ context.Context, m notify.Message) (notify.Receipt, error) {
	*s.calls = append(*s.calls, strings.TrimSuffix(s.name+" "+m.To.Address+" "+m.Thread, " "))
	return notify.Receipt{Thread: "t-" + s.name}, s.err
}

func TestTheNextProviderOfAWayIsTried(t *testing.T) {
	busy := &notify.Error{Err: context.Canceled, RetryAfter: time.Minute}
	never, later := &notify.Error{Err: context.Canceled, Permanent: true}, &notify.Error{Err: context.Canceled}
	both, second := notify.Contacts{Ntfy: "a", Email: "b"}, notify.Contacts{Email: "b"}
	cases := []struct {
		name     string
		contacts notify.Contacts
		first    error
		attempt  int
		thread   string
		want     []string
		taken    string
	}{
		{"the first takes it", both, nil, 1, "one:x", []string{"one a x"}, "one:t-one"},
		{"the first never will", both, never, 1, "one:x", []string{"one a x", "two b"}, "two:t-two"},
		{"the first may later", both, later, 1, "", []string{"one a"}, ""},
		{"the first wants to be left alone", both, busy, 1, "", []string{"one a", "two b"}, "two:t-two"},
		{"the first has had its turns", both, later, 2, "two:y", []string{"one a", "two b y"}, "two:t-two"},
		{"no address at the first", second, nil, 1, "", []string{"two b"}, "two:t-two"},
		{"no address at all", notify.Contacts{}, nil, 1, "", nil, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var calls []string
			way := notify.NewWay(
				notify.Provider{Name: "one", Address: func(c notify.Contacts) string { return c.Ntfy }, Channel: scripted{c.first, &calls, "one"}},
				notify.Provider{Name: "two", Address: func(c notify.Contacts) string { return c.Email }, Channel: scripted{nil, &calls, "two"}},
			)
			receipt, err := way.Send(t.Context(), notify.Message{Attempt: c.attempt, Thread: c.thread, To: notify.Recipient{Contacts: c.contacts}})
			require.Equal(t, c.want, calls)
			require.Equal(t, c.taken == "", err != nil)
			require.Equal(t, c.taken, receipt.Thread)
		})
	}
}
