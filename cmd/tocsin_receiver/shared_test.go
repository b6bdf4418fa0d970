package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/test/pager"
	"github.com/tocsin-monitoring/tocsin/test/servers"
)

// TestRealTwoReceiversPageOnce has both told everything, as two Alertmanagers
// do. Then one is killed while it sends.
func TestRealTwoReceiversPageOnce(t *testing.T) {
	address := servers.Postgres(t)
	phone, err := pager.NewPhone(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, phone.Close()) })
	t.Setenv(asProgram, "1")
	start := func(name string) *pager.Receiver {
		e := pager.Estate{Dir: filepath.Join(t.TempDir(), name), Services: 12, PageAfter: time.Second, StepFor: time.Hour}
		require.NoError(t, e.Write(phone))
		dsn := filepath.Join(e.Dir, "dsn")
		require.NoError(t, os.WriteFile(dsn, []byte("postgres://probe:hunter-two@"+address+"/postgres?sslmode=disable\n"), 0o600))
		r, err := e.Start(t.Context(), os.Args[0], filepath.Join(e.Dir, "log"), "--storage.dsn-file="+dsn)
		require.NoError(t, err)
		t.Cleanup(r.Kill)
		return r
	}
	receivers := []*pager.Receiver{start("first"), start("second")}
	rung := func(service string) (n int) {
		for _, push := range phone.Told() {
			if push.Priority == 5 && strings.Contains(push.Title, service+" is down") {
				n++
			}
		}
		return n
	}
	down := func(service string, receivers ...*pager.Receiver) {
		alert := pager.Down(service, time.Now())
		for _, r := range receivers {
			status, err := r.Post(t.Context(), alert)
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, status)
		}
	}
	for n := range 10 {
		down(fmt.Sprint("s", n), receivers[n%2], receivers[1-n%2])
	}
	for n := range 10 {
		service := fmt.Sprint("s", n)
		require.Eventually(t, func() bool { return rung(service) == 1 }, time.Minute, 20*time.Millisecond, service)
	}

	held := phone.Hold("s10 is down")
	down("s10", receivers[0])
	select {
	case <-held:
	case <-time.After(time.Minute):
		t.Fatal("nobody was told")
	}
	receivers[0].Kill()
	require.Eventually(t, func() bool { return rung("s10") == 1 }, time.Minute, 20*time.Millisecond, "the other one takes over")
	down("s11", receivers[1])
	require.Eventually(t, func() bool { return rung("s11") == 1 }, time.Minute, 20*time.Millisecond, "and goes on")
	twice := 0
	for what, n := range phone.Counts() {
		require.LessOrEqual(t, n, 2, what)
		if n == 2 {
			require.Contains(t, what, "s10", "only what was on its way may come twice")
			twice++
		}
	}
	require.LessOrEqual(t, twice, 1)
	incidents, err := receivers[1].Incidents(t.Context())
	require.NoError(t, err)
	require.Len(t, incidents, 12)
}
