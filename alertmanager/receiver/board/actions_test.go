package board_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

func TestActions(t *testing.T) {
	cases := []struct {
		action string
		fields map[string]string
		want   incident.Input // nil for a refusal
	}{
		{"acknowledge", nil, incident.Acknowledge{Incident: 1, Person: "asha", Via: "VIA"}},
		{"snooze", map[string]string{"for": "30m"}, incident.Acknowledge{Incident: 1, Person: "asha", Via: "VIA", Until: now.Add(30 * time.Minute)}},
		{"snooze", map[string]string{"for": "25h"}, nil},
		{"snooze", map[string]string{"for": "-1h"}, nil},
		{"snooze", nil, nil},
		{"reassign", map[string]string{"to": "ben"}, incident.Reassign{Incident: 1, Person: "asha", To: "ben", Via: "VIA"}},
		{"reassign", nil, incident.Reassign{Incident: 1, Person: "asha", Via: "VIA"}},
		{"note", map[string]string{"text": "rolled back"}, incident.Note{Incident: 1, Person: "asha", Text: "rolled back", Via: "VIA"}},
		{"note", nil, nil},
		{"resolve", nil, incident.Resolve{Incident: 1, Person: "asha", Via: "VIA"}},
		{"merge", map[string]string{"into": "2"}, incident.Merge{Incident: 1, Into: 2, Person: "asha"}},
		{"merge", nil, incident.Merge{Incident: 1, Person: "asha"}},
		{"merge", map[string]string{"into": "1"}, nil},
		{"merge", map[string]string{"into": "first"}, nil},
	}
	for _, c := range cases {
		t.Run(c.action, func(t *testing.T) {
			for _, via := range []string{"the board", "the API"} {
				d := &desk{changed: make(chan struct{})}
				code := perform(t, d, c.action, via, c.fields)
				if c.want == nil {
					require.Equal(t, http.StatusBadRequest, code)
					require.Empty(t, d.acted)
					continue
				}
				require.Contains(t, []int{http.StatusOK, http.StatusSeeOther}, code)
				require.Equal(t, []incident.Input{named(c.want, via)}, d.acted)
			}
		})
	}
}

// named puts the way in the place of VIA.
func named(in incident.Input, via string) incident.Input {
	switch in := in.(type) {
	case incident.Acknowledge:
		in.Via = via
		return in
	case incident.Reassign:
		in.Via = via
		return in
	case incident.Note:
		in.Via = via
		return in
	case incident.Resolve:
		in.Via = via
		return in
	}
	return in
}

func perform(t *testing.T, d *desk, action, via string, fields map[string]string) int {
	t.Helper()
	handler, err := board.New(board.Options{Desk: d, Now: func() time.Time { return now }})
	require.NoError(t, err)
	form := url.Values{"person": {"asha"}}
	object := []string{`"person": "asha"`}
	for name, value := range fields {
		form.Set(name, value)
		object = append(object, `"`+name+`": "`+value+`"`)
	}
	cookies, token := load(t, handler)
	form.Set("form", token)
	request := httptest.NewRequest(http.MethodPost, "/incidents/1/"+action, strings.NewReader(form.Encode()))
	for _, c := range cookies {
		request.AddCookie(c)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if via == "the API" {
		request = httptest.NewRequest(http.MethodPost, "/api/v1/incidents/1/"+action, strings.NewReader("{"+strings.Join(object, ",")+"}"))
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	return answer.Code
}
