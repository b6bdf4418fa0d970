package probe

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/internal/engines/enginestest"
	"github.com/tocsin-monitoring/tocsin/internal/promapi"
	"github.com/tocsin-monitoring/tocsin/test/servers"
)

func TestRealPrometheusIsAsked(t *testing.T) {
	folder, address := servers.Folder(t, ""), servers.Free(t)
	config := servers.Write(t, folder, "prometheus.yml", "global: {}\n", "")
	servers.Run(t, servers.Server{
		Program: enginestest.Path(t, "prometheus"), Dir: folder,
		Args:  []string{"--config.file=" + config, "--storage.tsdb.path=" + filepath.Join(folder, "data"), "--web.listen-address=" + address, "--log.level=warn"},
		Ready: servers.Answers("http://" + address + "/-/ready"),
	})
	for _, test := range []struct {
		name, spec string
		reason     Reason
		text       string
		value      []Measured
	}{
		{name: "fulfilled", spec: `query: "42", value: "< 100"`, value: []Measured{{Value, 42}}},
		{name: "not fulfilled", spec: `query: "vector(142)", value: "< 100"`, reason: ReasonBody, text: `series "{}": got "142", want < 100`, value: []Measured{{Value, 142}}},
		{name: "one of several", spec: `query: 'label_replace(vector(1), "job", "a", "", "") or label_replace(vector(9), "job", "b", "", "")', value: "== 1"`, reason: ReasonBody, text: `series "{job=\"b\"}": got "9", want == 1`, value: []Measured{{Value, 9}}},
		{name: "all of several", spec: `query: 'label_replace(vector(1), "job", "a", "", "") or label_replace(vector(9), "job", "b", "", "")', value: ">= 1"`},
		{name: "no number", spec: `query: "0 / 0", value: "< 100"`, reason: ReasonBody, text: `series "{}": got "NaN", want < 100`},
		{name: "nothing", spec: `query: "absent_metric", value: "< 100"`, reason: ReasonBody, text: "the query gives no series, want one < 100"},
		{name: "nothing is well", spec: `query: "absent_metric", value: "< 100", no_data: success`},
		{name: "no PromQL", spec: `query: "sum(", value: "< 100"`, reason: ReasonStatus, text: "asking http://" + address + "/api/v1/query: status 400: invalid parameter \"query\": 1:5: parse error: unclosed left parenthesis"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := try(t, `{promql: {server: "http://`+address+`", `+test.spec+`}}`)
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Equal(t, test.text, r.Text)
			require.Equal(t, test.value, r.Measures)
			require.Equal(t, address, r.Address)
		})
	}
}

func TestPromQLOfWhatIsNoPrometheus(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		reason Reason
		text   string
	}{
		{"a web page", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, ReasonStatus, "got status 200 and no JSON"},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) }, ReasonStatus, "got status 302 and no JSON"},
		{"a rate limit", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }, ReasonBlocked, "Prometheus was not asked"},
		{"an endless answer", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, strings.Repeat("x", 2*promapi.MaxAnswer))
		}, ReasonBody, "far too many series"},
		{"never answers", func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // until then the server does not see that the client has gone
			<-r.Context().Done()
		}, ReasonTimeout, "waiting for the answer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := serve(t, test.answer)
			r := try(t, `{promql: {server: "`+server.URL+`", query: up, value: "== 1"}}`, time.Second)
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Contains(t, r.Text, test.text)
		})
	}
}

func TestPromQLProvesWhoItIs(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer hunter-two" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		fmt.Fprintf(w, `{"status":"error","error":"you are %s"}`, r.Header.Get("Authorization"))
	})
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("Bearer hunter-two"), 0o600))
	r := try(t, `{promql: {server: "`+server.URL+`", query: up, value: "== 1", headers: {Authorization: {file: `+token+`}}}}`)
	require.Equal(t, ReasonStatus, r.Reason)
	require.Contains(t, r.Text, "status 200: you are ***")
}
