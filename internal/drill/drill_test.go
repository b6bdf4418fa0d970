package drill_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/internal/amapi"
	"github.com/tocsin-monitoring/tocsin/internal/drill"
)

// member is an Alertmanager that refuses the first posts.
type member struct {
	mutex   sync.Mutex
	refuses []int // statuses of the first posts
	got     []amapi.Alert
}

func (m *member) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if len(m.refuses) > 0 {
		w.WriteHeader(m.refuses[0])
		m.refuses = m.refuses[1:]
		return
	}
	var alerts []amapi.Alert
	if json.NewDecoder(r.Body).Decode(&alerts) == nil {
		m.got = append(m.got, alerts...)
	}
}

// run has a drill of which the receiver cannot be asked.
func run(t *testing.T, members ...*member) (string, error) {
	t.Helper()
	var addresses []string
	for _, m := range members {
		server := httptest.NewServer(m)
		t.Cleanup(server.Close)
		addresses = append(addresses, server.URL)
	}
	var out bytes.Buffer
	err := drill.Run(t.Context(), drill.Options{
		Service: "shop", Team: "shop", By: "asha", Within: time.Minute, Out: &out,
		Alertmanager: amapi.New(nil, http.DefaultClient), Members: addresses,
		Get: func(context.Context, string, any) error { return errors.New("the receiver is away") },
	})
	return out.String(), err
}

// What may pass is tried again, and the end goes wherever the alert went.
func TestTheAlertIsTakenBackWhereverItWasTaken(t *testing.T) {
	good, shaky, refusing := &member{}, &member{refuses: []int{503, 429}}, &member{refuses: []int{403, 500, 500}}
	out, err := run(t, good, shaky, refusing)
	require.ErrorContains(t, err, "the receiver is away")
	require.NotContains(t, err.Error(), "taken back")
	for _, m := range []*member{good, shaky} {
		require.Len(t, m.got, 2)
		require.True(t, m.got[0].EndsAt.After(time.Now()))
		require.False(t, m.got[1].EndsAt.After(time.Now()))
	}
	require.Empty(t, refusing.got)
	require.Contains(t, out, "it answered 403: the login is not good enough")
}

func TestTheEndIsTriedAgain(t *testing.T) {
	m := &member{}
	server := httptest.NewServer(m)
	defer server.Close()
	var out bytes.Buffer
	err := drill.Run(t.Context(), drill.Options{
		Service: "shop", Within: time.Minute, Out: &out, Alertmanager: amapi.New(nil, http.DefaultClient), Members: []string{server.URL},
		Get: func(context.Context, string, any) error {
			m.mutex.Lock()
			defer m.mutex.Unlock()
			m.refuses = []int{500, 500, 500}
			return errors.New("the receiver is away")
		},
	})
	require.EqualError(t, err, "the receiver is away")
	require.Len(t, m.got, 2)
}

func TestNoMemberTakesIt(t *testing.T) {
	_, err := run(t, &member{refuses: []int{401}}, &member{refuses: []int{500, 500, 500}})
	require.ErrorContains(t, err, "it answered 401: it wants a login (add accounts.alertmanager to the catalogue)")
	require.ErrorContains(t, err, "it answered 500")
}
