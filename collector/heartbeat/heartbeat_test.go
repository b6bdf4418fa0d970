package heartbeat

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

func estate(t testing.TB) *catalog.Catalog {
	t.Helper()
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("hunter-two\n"), 0o600))
	c, err := catalog.Parse("tocsin.yml", []byte(`
monitoring: {team: crew}
teams: {crew: {channels: {github: {repository: example/crew}}}}
services:
  shop:
    team: crew
    probes:
      backup: {heartbeat: {every: 24h}}
      invoices: {heartbeat: {schedule: "0 3 * * *"}}
      secret: {heartbeat: {every: 1h, token: {file: `+token+`}}}
      home: {tcp: {address: "127.0.0.1:1"}}
  archive:
    team: crew
    probes:
      backup: {heartbeat: {every: 24h}}
  elsewhere:
    team: crew
    probes:
      sync: {heartbeat: {every: 24h}}
`))
	require.NoError(t, err)
	return c
}

func handler(t testing.TB, store *Store) *Handler {
	t.Helper()
	c := estate(t)
	return NewHandler(Options{
		Store: store, Catalog: func() *catalog.Catalog { return c }, Registerer: prometheus.NewPedanticRegistry(),
		Refuse: func(location, service string) error {
			require.Equal(t, "default", location)
			if service == "elsewhere" {
				return errors.New(`service "elsewhere" belongs to shard 2/2`)
			}
			return nil
		},
	})
}

func post(t testing.TB, h http.Handler, path, log string, header ...string) (int, string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(log))
	if len(header) == 2 {
		r.Header.Set(header[0], header[1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, strings.TrimSpace(w.Body.String())
}

func TestSignals(t *testing.T) {
	for _, test := range []struct {
		name, path string
		code       int
		text       string
		check      func(*testing.T, Job)
	}{
		{"success", "/heartbeat/shop/backup", 200, "noted: success of shop/backup", func(t *testing.T, j Job) {
			require.False(t, j.Succeeded.IsZero())
			require.Equal(t, "all done", j.Output)
		}},
		{"success by its word", "/heartbeat/shop/backup/success", 200, "noted: success of shop/backup", func(t *testing.T, j Job) { require.False(t, j.Broken()) }},
		{"success by its status", "/heartbeat/shop/backup/0", 200, "noted: success of shop/backup", func(t *testing.T, j Job) { require.False(t, j.Succeeded.IsZero()) }},
		{"start", "/heartbeat/shop/backup/start", 200, "noted: start of shop/backup", func(t *testing.T, j Job) { require.True(t, j.Running()) }},
		{"failure", "/heartbeat/shop/backup/failure/", 200, "noted: failure of shop/backup", func(t *testing.T, j Job) { require.True(t, j.Broken()) }},
		{"failure by its status", "/heartbeat/shop/backup/137", 200, "noted: failure of shop/backup", func(t *testing.T, j Job) { require.Equal(t, 137, j.Exit) }},
		{"by its name alone", "/heartbeat/invoices/start", 200, "noted: start of shop/invoices", nil},
		{"a name that two have", "/heartbeat/backup", 409, "2 services have a heartbeat of that name (want /heartbeat/SERVICE/PROBE, such as /heartbeat/archive/backup)", nil},
		{"an unknown name", "/heartbeat/shop/backups", 404, "no heartbeat of that name is in the catalogue (want /heartbeat/SERVICE/PROBE, perhaps with /start, /success, /failure or an exit status)", nil},
		{"another kind of probe", "/heartbeat/shop/home", 404, "no heartbeat of that name is in the catalogue (want /heartbeat/SERVICE/PROBE, perhaps with /start, /success, /failure or an exit status)", nil},
		{"no status", "/heartbeat/shop/backup/256", 404, "no heartbeat of that name is in the catalogue (want /heartbeat/SERVICE/PROBE, perhaps with /start, /success, /failure or an exit status)", nil},
		{"another shard's", "/heartbeat/elsewhere/sync", 421, `service "elsewhere" belongs to shard 2/2`, nil},
		{"without the token", "/heartbeat/shop/secret", 401, "want the heartbeat's token as Authorization: Bearer TOKEN", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := NewStore(t.TempDir())
			h := handler(t, store)
			code, text := post(t, h, test.path, "all done")
			require.Equal(t, test.code, code)
			require.Equal(t, test.text, text)
			if test.check != nil {
				j, err := store.Job("shop", "backup")
				require.NoError(t, err)
				test.check(t, j)
			}
		})
	}
}

func TestOnlyAPostActs(t *testing.T) {
	store := NewStore(t.TempDir())
	h := handler(t, store)
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, "/heartbeat/shop/backup", nil))
		require.Equal(t, http.StatusMethodNotAllowed, w.Code)
		require.Equal(t, http.MethodPost, w.Header().Get("Allow"))
	}
	j, err := store.Job("shop", "backup")
	require.NoError(t, err)
	require.True(t, j.Succeeded.IsZero())
}

func TestTheTokenProvesTheJob(t *testing.T) {
	h := handler(t, NewStore(t.TempDir()))
	code, _ := post(t, h, "/heartbeat/shop/secret", "", "Authorization", "Bearer hunter-two")
	require.Equal(t, http.StatusOK, code)
	code, text := post(t, h, "/heartbeat/shop/secret", "", "Authorization", "Bearer hunter-three")
	require.Equal(t, http.StatusUnauthorized, code)
	require.NotContains(t, text, "hunter")
}

// A flood of one job is refused, with bounded memory, and does not keep others
// out. Its logs are cut to their end.
func TestAFlood(t *testing.T) {
	store := NewStore(t.TempDir())
	h := handler(t, store)
	endless := strings.Repeat("x", 2*maxLog) + "the end that nobody reads"
	codes := make(map[int]int)
	for range 200 {
		code, _ := post(t, h, "/heartbeat/shop/backup", endless)
		codes[code]++
	}
	require.GreaterOrEqual(t, codes[http.StatusOK], burst)
	require.GreaterOrEqual(t, codes[http.StatusTooManyRequests], 100)
	require.Equal(t, 200, codes[http.StatusOK]+codes[http.StatusTooManyRequests])
	require.Equal(t, float64(codes[http.StatusTooManyRequests]), testutil.ToFloat64(h.signals.WithLabelValues("limited")))
	j, err := store.Job("shop", "backup")
	require.NoError(t, err)
	require.Len(t, j.Output, maxTail)
	code, _ := post(t, h, "/heartbeat/archive/backup", "")
	require.Equal(t, http.StatusOK, code)
}

func TestALogThatBreaksOffDoesNotUndoASuccess(t *testing.T) {
	store := NewStore(t.TempDir())
	r := httptest.NewRequest(http.MethodPost, "/heartbeat/shop/backup", io.MultiReader(strings.NewReader("line 1\nline 2\n"), broken{}))
	w := httptest.NewRecorder()
	handler(t, store).ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code)
	j, err := store.Job("shop", "backup")
	require.NoError(t, err)
	require.Equal(t, "line 1\nline 2\n", j.Output)
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestJobsSurviveARestart(t *testing.T) {
	folder := t.TempDir()
	first := NewStore(folder)
	require.NoError(t, first.Note("shop", "backup", Start, 0, ""))
	require.NoError(t, first.Note("shop", "backup", Failure, 2, "disk full\n"))
	before, err := first.Job("shop", "backup")
	require.NoError(t, err)
	unseen, err := first.Job("shop", "invoices")
	require.NoError(t, err)

	second := NewStore(folder)
	after, err := second.Job("shop", "backup")
	require.NoError(t, err)
	require.True(t, before.Failed.Equal(after.Failed))
	require.Equal(t, 2, after.Exit)
	require.Equal(t, "disk full\n", after.Output)
	require.GreaterOrEqual(t, after.Runtime, time.Duration(0))
	again, err := second.Job("shop", "invoices")
	require.NoError(t, err)
	require.True(t, unseen.Known.Equal(again.Known), "it has been awaited since before the restart")
}

// What cannot be kept is not said to be: the job calls again.
func TestADiskThatIsFull(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(folder, nil, 0o600))
	code, text := post(t, handler(t, NewStore(folder)), "/heartbeat/shop/backup", "")
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Equal(t, "the exporter could not keep this: call again", text)
}

func TestAFileThatIsBroken(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "shop"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "shop", "backup.json"), []byte("{"), 0o600))
	_, err := NewStore(folder).Job("shop", "backup")
	require.ErrorContains(t, err, "remove the file to begin anew")
}

func TestManyJobsAtOnce(t *testing.T) {
	store := NewStore(t.TempDir())
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { require.NoError(t, store.Note("shop", "backup", Success, 0, "")) })
	}
	all.Wait()
	j, err := NewStore(store.folder).Job("shop", "backup")
	require.NoError(t, err)
	require.False(t, j.Succeeded.IsZero())
}
