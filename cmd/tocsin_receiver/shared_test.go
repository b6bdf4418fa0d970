package main

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/test/pager"
	"github.com/tocsin-monitoring/tocsin/test/servers"
)

// shared is a PostgreSQL with receivers over it.
type shared struct {
	t       *testing.T
	address string
	phone   *pager.Phone
	alter   func(name, catalogue string) string // before a receiver starts
}

func newShared(t *testing.T) *shared {
	t.Helper()
	phone, err := pager.NewPhone(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, phone.Close()) })
	t.Setenv(asProgram, "1")
	return &shared{t: t, address: servers.Postgres(t), phone: phone, alter: func(_, catalogue string) string { return catalogue }}
}

// start starts one of the receivers; the phone knows it by its name.
func (s *shared) start(name string) *pager.Receiver {
	s.t.Helper()
	e := pager.Estate{Dir: filepath.Join(s.t.TempDir(), name), Services: 20, PageAfter: time.Second, StepFor: time.Hour, Name: name}
	require.NoError(s.t, e.Write(s.phone))
	path := filepath.Join(e.Dir, "tocsin.yml")
	text, err := os.ReadFile(path)
	require.NoError(s.t, err)
	require.NoError(s.t, os.WriteFile(path, []byte(s.alter(name, string(text))), 0o600))
	dsn := filepath.Join(e.Dir, "dsn")
	require.NoError(s.t, os.WriteFile(dsn, []byte("postgres://probe:hunter-two@"+s.address+"/postgres?sslmode=disable\n"), 0o600))
	r, err := e.Start(s.t.Context(), os.Args[0], filepath.Join(e.Dir, "log"), "--storage.dsn-file="+dsn)
	require.NoError(s.t, err)
	s.t.Cleanup(r.Kill)
	return r
}

// rung lists the pages about a service.
func (s *shared) rung(service string) (pages []pager.Push) {
	for _, push := range s.phone.Told() {
		if push.Priority == 5 && strings.Contains(push.Title, service+" is down") {
			pages = append(pages, push)
		}
	}
	return pages
}

// told lists when the same was told.
func (s *shared) told(what pager.Push) (same []pager.Push) {
	for _, push := range s.phone.Told() {
		if push.Key() == what.Key() {
			same = append(same, push)
		}
	}
	return same
}

// down tells receivers that a service is down.
func (s *shared) down(service string, receivers ...*pager.Receiver) {
	s.t.Helper()
	alert := pager.Down(service, time.Now())
	for _, r := range receivers {
		status, err := r.Post(s.t.Context(), alert)
		require.NoError(s.t, err)
		require.Equal(s.t, http.StatusOK, status)
	}
}

func (s *shared) within(ok func() bool, what string) {
	s.t.Helper()
	require.Eventually(s.t, ok, 2*time.Minute, 20*time.Millisecond, what)
}

// TestRealTwoReceiversPageOnce has both told everything, as two Alertmanagers
// do. Then again and again the one that is sending is killed.
func TestRealTwoReceiversPageOnce(t *testing.T) {
	s := newShared(t)
	receivers := map[string]*pager.Receiver{"r0": s.start("r0"), "r1": s.start("r1")}
	for n := range 10 {
		s.down(fmt.Sprint("s", n), receivers[fmt.Sprint("r", n%2)], receivers[fmt.Sprint("r", 1-n%2)])
	}
	for n := range 10 {
		service := fmt.Sprint("s", n)
		s.within(func() bool { return len(s.rung(service)) == 1 }, service)
	}
	const kills = 3
	for n := range kills {
		service := fmt.Sprint("s", 10+n)
		held := s.phone.Hold(service + " is down")
		s.down(service, slices.Collect(maps.Values(receivers))...)
		var lost pager.Push
		select {
		case lost = <-held:
		case <-time.After(2 * time.Minute):
			t.Fatal("nobody was told")
		}
		receivers[lost.Via].Kill()
		killed := time.Now()
		delete(receivers, lost.Via)
		s.within(func() bool { return len(s.told(lost)) == 2 }, "the other one takes over")
		again := s.told(lost)[1]
		require.NotEqual(t, lost.Via, again.Via)
		t.Logf("%s was killed while it sent: %s sent it %s later", lost.Via, again.Via, again.At.Sub(killed).Round(10*time.Millisecond))
		receivers[fmt.Sprint("r", n+2)] = s.start(fmt.Sprint("r", n+2))
	}
	twice := 0
	for what, n := range s.phone.Counts() {
		require.LessOrEqual(t, n, 2, what)
		if n == 2 {
			twice++
		}
	}
	require.Equal(t, kills, twice, "only what was on its way comes twice")
	for _, r := range receivers {
		incidents, err := r.Incidents(t.Context())
		require.NoError(t, err)
		require.Len(t, incidents, 10+kills)
	}
}
