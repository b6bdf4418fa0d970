package usage

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/internal/promapi"
)

func estate(prometheus string, usage map[string]string) *catalog.Catalog {
	return &catalog.Catalog{Spec: catalog.Spec{
		Links:    catalog.Links{Prometheus: prometheus},
		Services: map[string]*catalog.Service{"shop": {Name: "shop", Usage: usage}},
	}}
}

func TestAnswers(t *testing.T) {
	vector := func(values ...string) string {
		var series []string
		for i, v := range values {
			series = append(series, fmt.Sprintf(`{"metric":{"n":"%d"},"value":[1.7e9,%q]}`, i, v))
		}
		return `{"status":"success","data":{"resultType":"vector","result":[` + strings.Join(series, ",") + `]}}`
	}
	cases := map[string]struct {
		status int
		body   string
		want   float64
		err    string
	}{
		"one value":      {200, vector("42"), 42, ""},
		"nobody":         {200, vector("0"), 0, ""},
		"a scalar":       {200, `{"status":"success","data":{"resultType":"scalar","result":[1.7e9,"7.5"]}}`, 7.5, ""},
		"with a warning": {200, `{"status":"success","warnings":["slow"],"data":{"resultType":"vector","result":[{"metric":{},"value":[1.7e9,"3"]}]}}`, 3, ""},
		"no series":      {200, vector(), 0, "the query gave no value: nothing matches it now (write `or vector(0)` if that means nobody)"},
		"two series":     {200, vector("1", "2"), 0, "the query gave 2 values, want one: aggregate them, for example with sum()"},
		"not a number":   {200, vector("NaN"), 0, `the query gave "NaN", want a number`},
		"infinity":       {200, vector("+Inf"), 0, `the query gave "+Inf", want a number`},
		"a range":        {200, `{"status":"success","data":{"resultType":"matrix","result":[]}}`, 0, "asking URL/api/v1/query: reading the answer: got a matrix, want one value now"},
		"a string":       {200, `{"status":"success","data":{"resultType":"string","result":[1.7e9,"x"]}}`, 0, "asking URL/api/v1/query: reading the answer: got a string, want one value now"},
		"a bad query":    {400, `{"status":"error","errorType":"bad_data","error":"1:5: parse error:\n unclosed left parenthesis"}`, 0, "asking URL/api/v1/query: status 400: 1:5: parse error: unclosed left parenthesis"},
		"a web page":     {200, "<html>", 0, "asking URL/api/v1/query: got status 200 and no JSON: is links.prometheus the address of a Prometheus?"},
		"starting up":    {503, "Service Unavailable", 0, "asking URL/api/v1/query: got status 503 and no JSON: is links.prometheus the address of a Prometheus?"},
		"far too much":   {200, strings.Repeat(" ", promapi.MaxAnswer+1), 0, "the query gave far too many series, want one value: aggregate them, for example with sum()"},
		"odd contents":   {200, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1.7e9,3]}]}}`, 0, `the query gave "", want a number`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				require.Equal(t, "sum(users)", r.FormValue("query"))
				require.Equal(t, "10s", r.FormValue("timeout"))
				w.WriteHeader(tc.status)
				fmt.Fprint(w, tc.body)
			}))
			t.Cleanup(server.Close)
			got, err := New(Options{}).ask(t.Context(), question{server: server.URL + "/", query: "sum(users)"})
			if tc.err != "" {
				require.EqualError(t, err, strings.ReplaceAll(tc.err, "URL", server.URL))
				return
			}
			require.NoError(t, err)
			require.InDelta(t, tc.want, got, 0)
		})
	}
}

func TestExport(t *testing.T) {
	body := `{"status":"success","data":{"resultType":"vector","result":[]}}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) }))
	t.Cleanup(server.Close)
	var out bytes.Buffer
	c := New(Options{Logger: log.NewLogfmtLogger(&out)})
	c.Update(estate(server.URL, map[string]string{"users": "sum(users)"}), func(string) bool { return true })
	require.Zero(t, testutil.CollectAndCount(c), "nothing before the first answer")

	c.results.Once(t.Context())
	const up = "# HELP tocsin_usage_up Whether the last usage query gave one value.\n# TYPE tocsin_usage_up gauge\n"
	require.NoError(t, testutil.CollectAndCompare(c, strings.NewReader(up+"tocsin_usage_up{service=\"shop\",usage=\"users\"} 0\n")))

	body = `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1.7e9,"0"]}]}}`
	c.results.Once(t.Context())
	require.NoError(t, testutil.CollectAndCompare(c, strings.NewReader(up+`tocsin_usage_up{service="shop",usage="users"} 1
# HELP tocsin_usage_value The answer to the usage query; absent when there is none.
# TYPE tocsin_usage_value gauge
tocsin_usage_value{service="shop",usage="users"} 0
`)))
	problems, err := testutil.CollectAndLint(c)
	require.NoError(t, err)
	require.Empty(t, problems)

	c.Update(estate(server.URL, map[string]string{"users": "sum(users)"}), func(string) bool { return false })
	require.Zero(t, testutil.CollectAndCount(c))
}

func TestNobodyToAsk(t *testing.T) {
	_, err := New(Options{}).ask(t.Context(), question{query: "1"})
	require.EqualError(t, err, "links.prometheus is missing: it says whom to ask")
	_, err = New(Options{}).ask(t.Context(), question{server: "http://127.0.0.1:1", query: "1"})
	require.ErrorContains(t, err, "asking http://127.0.0.1:1/api/v1/query: dial tcp 127.0.0.1:1")
}
