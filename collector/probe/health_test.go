package probe

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// answering serves one document.
func answering(t testing.TB, status int, document string) string {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, document)
	}).URL
}

// shownAs writes components in one line: those that are down have a !.
func shownAs(list []Component) string {
	var words []string
	for _, c := range list {
		if c.Up {
			words = append(words, c.Name)
		} else {
			words = append(words, "!"+c.Name)
		}
	}
	return strings.Join(words, " ")
}

// What frameworks write, each by its own format and by any.
func TestHealthReadsWhatFrameworksWrite(t *testing.T) {
	for _, test := range []struct {
		name, format   string
		status         int
		document, want string // components
		text           string
	}{
		{
			"health+json", "health+json", 200,
			`{"status": "pass", "version": "1", "checks": {"cassandra:responseTime": [{"componentId": "dfd6cf2b", "status": "pass", "time": "2018-01-17T03:36:48Z"}, {"componentId": "a3", "status": "warn"}], "uptime": [{"componentType": "system", "observedValue": 1209600.245}], "cpu": {"status": "pass"}}}`,
			"cassandra:responseTime/a3 cassandra:responseTime/dfd6cf2b cpu", "",
		},
		{
			"health+json, failing", "health+json", 503,
			`{"status": "fail", "output": "no database", "checks": {"db": [{"status": "fail"}]}}`,
			"!db", `want all components well; found not well: db; the service says "fail"`,
		},
		{
			"Spring Boot", "actuator", 200,
			`{"status": "UP", "components": {"db": {"status": "UP", "details": {"database": "PostgreSQL", "validationQuery": "isValid()"}}, "mail": {"status": "UNKNOWN"}, "storage": {"status": "UP", "components": {"disk": {"status": "UP", "details": {"exists": true}}}}}, "groups": ["liveness", "readiness"]}`,
			"mail db storage storage/disk", "",
		},
		{
			"Spring Boot, out of service", "actuator", 503,
			`{"status": "OUT_OF_SERVICE", "components": {"db": {"status": "UP"}, "redis": {"status": "OUT_OF_SERVICE"}}}`,
			"!redis db", `want all components well; found not well: redis; the service says "OUT_OF_SERVICE"`,
		},
		{"Spring Boot, without details", "actuator", 503, `{"status": "DOWN"}`, "", `want a service that is well; found the service says "DOWN"`},
		{"Spring Boot 2.0", "actuator", 200, `{"status": "UP", "details": {"db": {"status": "UP", "details": {"hello": "ok"}}}}`, "db", ""},
		{"Spring Boot 1", "actuator", 200, `{"status": "UP", "db": {"status": "UP", "hello": 1}, "diskSpace": {"status": "UP", "total": 1}}`, "db diskSpace", ""},
		{"ASP.NET, text", "aspnet", 200, "Healthy", "", ""},
		{"ASP.NET, degraded", "aspnet", 200, "Degraded", "", ""},
		{"ASP.NET, unhealthy", "aspnet", 503, "Unhealthy", "", `want a service that is well; found the service says "Unhealthy"`},
		{
			"ASP.NET, the UI's writer", "aspnet", 200,
			`{"status": "Healthy", "totalDuration": "00:00:00.1", "entries": {"sql": {"data": {}, "duration": "00:00:00.05", "status": "Healthy", "tags": ["ready"]}, "bus": {"status": "Degraded"}}}`,
			"bus sql", "",
		},
		{"OkComputer, text", "okcomputer", 200, "default: PASSED Application is running (0.000s)\ndatabase: PASSED Schema version: 2021\n", "database default", ""},
		{"OkComputer, failing", "okcomputer", 500, "default: PASSED Application is running\nredis: FAILED Error: 'refused'\n", "!redis default", `want all components well; found not well: redis`},
		{"OkComputer, JSON", "okcomputer", 200, `{"default": {"message": "Application is running", "success": true, "time": 0.1}, "database": {"message": "x", "success": true}}`, "database default", ""},
		{"a map of words", "map", 200, `{"status": "ok", "db": "ok", "cache": "up", "version": "1.2.3", "uptime": 12}`, "cache db", ""},
		{"a map of flags", "map", 200, `{"db": true, "cache": false}`, "!cache db", "want all components well; found not well: cache"},
		{"MicroProfile", "auto", 503, `{"status": "DOWN", "checks": [{"name": "db", "status": "UP", "data": {}}, {"name": "queue", "status": "DOWN"}]}`, "!queue db", `want all components well; found not well: queue; the service says "DOWN"`},
		{"ASP.NET, the report itself", "aspnet", 200, `{"entries": {"sql": {"data": {}, "duration": "00:00:00.05", "exception": null, "status": 2, "tags": []}, "bus": {"status": 1}}, "status": 1, "totalDuration": "00:00:00.1"}`, "bus sql", ""},
		{"ASP.NET, the report of a failure", "aspnet", 503, `{"entries": {"sql": {"status": 0}, "bus": {"status": 2}}, "status": 0}`, "!sql bus", `want all components well; found not well: sql; the service says "Unhealthy"`},
		{"a code of HTTP", "map", 200, `{"status": 200, "message": "OK, go on"}`, "", ""},
		{"a code that tells of a failure", "map", 200, `{"status": 503, "message": "no"}`, "", `want a service that is well; found the service says "503"`},
		{"Django", "map", 200, `{"Cache backend: default": "working", "DatabaseBackend": "working"}`, "Cache backend: default DatabaseBackend", ""},
		{"Django, failing", "map", 500, `{"Cache backend: default": "unavailable: cannot connect", "DatabaseBackend": "working"}`, "!Cache backend: default DatabaseBackend", "want all components well; found not well: Cache backend: default"},
		{"NestJS", "auto", 200, `{"status": "ok", "info": {"db": {"status": "up"}}, "error": {}, "details": {"db": {"status": "up"}}}`, "db", ""},
		{"Laravel", "auto", 200, `{"finishedAt": 1700000000, "checkResults": [{"name": "UsedDiskSpace", "label": "x", "status": "ok", "meta": {}}, {"name": "Redis", "status": "crashed"}]}`, "!checkResults/Redis checkResults/UsedDiskSpace", "want all components well; found not well: checkResults/Redis"},
		{"Elasticsearch", "auto", 200, `{"cluster_name": "c", "status": "yellow", "timed_out": false, "number_of_nodes": 1}`, "", ""},
		{"Elasticsearch, failing", "auto", 200, `{"cluster_name": "c", "status": "red", "timed_out": true}`, "!timed_out", `want all components well; found not well: timed_out; the service says "red"`},
		{"hellofresh/health-go", "auto", 200, `{"status": "Partially Available", "timestamp": "2024-01-01T00:00:00Z", "failures": {"cache": "refused"}}`, "", ""},
		{"no error", "auto", 200, `{"success": true, "error": false, "maintenance": false}`, "", ""},
		{"an error", "auto", 200, `{"success": true, "error": true}`, "!error", "want all components well; found not well: error; the service says \"true\""},
		{"a list", "auto", 200, `[{"name": "db", "status": "ok"}, {"name": "queue", "status": "disconnected"}, {"status": "down"}, 7]`, "!queue db", "want all components well; found not well: queue"},
		{"Dropwizard", "auto", 500, `{"deadlocks": {"healthy": true}, "db": {"healthy": false, "message": "x", "error": null}}`, "!db deadlocks", "want all components well; found not well: db"},
		{"a key twice", "auto", 200, `{"status": "UP", "db": {"status": "UP"}, "db": {"status": "DOWN"}}`, "!db", `want all components well; found not well: db; the service says "UP"`},
	} {
		for _, format := range slices.Compact([]string{test.format, "auto"}) {
			t.Run(test.name+"/"+format, func(t *testing.T) {
				r := try(t, "{health: {url: "+answering(t, test.status, test.document)+", format: "+format+"}}")
				require.Equal(t, test.want, shownAs(r.Components))
				require.Equal(t, test.text, r.Text)
				require.Equal(t, test.status, r.Status)
			})
		}
	}
}

func TestHealthByTheCatalogue(t *testing.T) {
	const mixed = `{"status": "DOWN", "timestamp": "2020-01-01T00:00:00Z", "components": {"db": {"status": "UP"}, "mail-in": {"status": "DOWN"}, "cache": {"status": "degraded"}}}`
	for _, test := range []struct {
		name, options, document, text string
		status                        int
	}{
		{"an optional component may be down", `optional: [mail*]`, mixed, "", 503},
		{"another may not", `optional: [mail]`, mixed, `want all components well; found not well: mail-in; the service says "DOWN"`, 503},
		{"degraded fails where it is said", `optional: [mail*], degraded: fail`, mixed, `want all components well; found not well: cache; the service says "DOWN"`, 503},
		{"required and there", `optional: [mail*], require: [db]`, mixed, "", 503},
		{"required and not there", `require: [queue]`, mixed, `want component "queue"; found none of that name`, 503},
		{"required and down", `require: [mail-in]`, mixed, `want all components well; found not well: mail-in; the service says "DOWN"`, 503},
		{"stale", `optional: [mail*], max_age: 5m`, mixed, `want a document of the last 5m0s; found one that is `, 503},
		{"fresh", `max_age: 5m`, `{"status": "UP", "time": "` + time.Now().Format(time.RFC3339) + `"}`, "", 200},
		{"without a time", `max_age: 5m`, `{"status": "UP"}`, "want a document with its time; found no time, though max_age is given", 200},
		{"all well, but for the status", ``, `{"status": "UP"}`, `want status 2xx; found status 500; the service says "UP"`, 500},
		{"an unknown word", ``, `{"status": "purple"}`, `no health document: its status is "purple", which is no word that we know; found`, 200},
		{"JSON on which a library panics", ``, `{"":{"":},"":""0`, "no health document: malformed; found", 200},
		{"nothing", ``, ``, "no health document: it is neither JSON nor a word such as Healthy; the body is empty", 200},
		{"a gateway's page", ``, `<h1>Bad gateway</h1>`, "status 502 and no health document: it is neither JSON nor a word such as Healthy; found 20 bytes: <h1>Bad gateway</h1>", 502},
		{"a number", `format: map`, `42`, "no health document: it is no JSON object; found 2 bytes: 42", 200},
		{"an empty object", ``, `{}`, "no health document: it names neither a status nor a component; found 2 bytes: {}", 200},
		{"half an object", ``, `{"status": "UP"`, "no health document: ", 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := try(t, "{health: {url: "+answering(t, test.status, test.document)+", "+test.options+"}}")
			require.Contains(t, r.Text, test.text)
			require.Equal(t, test.text == "", r.Outcome == Success, r.Text)
		})
	}
}

// Names come from the service and become labels.
func TestHealthBoundsNames(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString(`{"status": "UP", "components": {"down": {"status": "DOWN"}, "a\u0000\n\u202eb\ud800": {"status": "UP"}, "` + strings.Repeat("ü", 500) + `1": {"status": "UP"}, "` + strings.Repeat("ü", 500) + `2": {"status": "UP"}, "": {"status": "UP"}`)
	for i := range 20_000 {
		fmt.Fprintf(&bomb, `, "n%d": {"status": "UP"}`, i)
	}
	bomb.WriteString("}}")
	for _, document := range []string{bomb.String(), "\xff\xfe: PASSED\n\xff\xfe: PASSED\nx\"} y{z=\"1: FAILED\n", "{\"a\xff\": true, \"a\xfe\": true}"} {
		r := try(t, "{health: {url: "+answering(t, 200, document)+"}}", 20*time.Second)
		require.NotEmpty(t, r.Components)
		require.LessOrEqual(t, len(r.Components), 20)
		names := make(map[string]bool)
		for _, c := range r.Components {
			require.False(t, names[c.Name], c.Name)
			names[c.Name] = true
			require.True(t, utf8.ValidString(c.Name))
			require.LessOrEqual(t, len(c.Name), maxComponentName)
			require.NotContains(t, c.Name, "\n")
			require.NotEmpty(t, c.Name)
		}
	}
	deep := strings.Repeat(`{"components": {"x": `, 50) + `{"status": "UP"}` + strings.Repeat("}}", 50)
	r := try(t, "{health: {url: "+answering(t, 200, deep)+"}}")
	require.Contains(t, r.Text, "no health document")
}

// A service that names ever new components makes no new series for ever.
func TestHealthBoundsNamesOverTime(t *testing.T) {
	n := 0
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		n++
		fmt.Fprintf(w, `{"db": true, "pod-%d-a": true, "pod-%d-b": %t}`, n, n, n < 9)
	})
	attempt, err := build(t, "{health: {url: "+server.URL+", max_components: 3, optional: [pod*]}}")
	require.NoError(t, err)
	ever := make(map[string]bool)
	var last Result
	for range 10 {
		last = attempt(t.Context())
		require.Equal(t, Success, last.Outcome, last.Text)
		for _, c := range last.Components {
			ever[c.Name] = true
		}
	}
	require.Len(t, ever, 10)
	require.Equal(t, "!(others) db", shownAs(last.Components))
}

// Whatever a document holds, each component has a name of its own: two series
// of one name would spoil the page.
func FuzzHealthDocument(f *testing.F) {
	long := strings.Repeat("x", 76)
	f.Add(`{"checks": [{"name": "`+long+`aaaa", "status": "up"}, {"name": "`+long+`aaaa", "status": "up"}, {"name": "`+long+`bbbb", "status": "up"}, {"name": "`+long+`bbbb", "status": "up"}]}`, "auto")
	f.Add(`{"status": 1, "entries": {"a": {"status": 2}, "a (2)": {"status": 0}}}`, "aspnet")
	f.Add(`[{"name": "a", "status": "ok"}, {"name": "a", "status": "ok"}, {"name": "a (2)", "status": "down"}, {"name": "\u0000"}]`, "auto")
	f.Add("a: PASSED\na: FAILED\na (2): PASSED\n: ok", "okcomputer")
	f.Fuzz(func(t *testing.T, document, format string) {
		report, err := readHealthDocument([]byte(document), format)
		require.LessOrEqual(t, len(report.components), maxComponents)
		seen := make(map[string]bool)
		for _, c := range report.components {
			require.True(t, utf8.ValidString(c.name))
			require.LessOrEqual(t, len(c.name), maxComponentName)
			require.False(t, seen[c.name], "%q stands there twice", c.name)
			seen[c.name] = true
		}
		require.True(t, err != nil || report.state != stateUnknown || len(seen) > 0)
	})
}

// A name that holds a secret is not shown, and is no second one of its kind.
func TestHealthHidesSecretsInNames(t *testing.T) {
	url := answering(t, 200, `{"db-hunter-two": "up", "db-***": "up", "cache": "up"}`)
	r := try(t, "{health: {url: "+url+", headers: {X-Key: {file: "+secretFile(t, "hunter-two")+"}}}}")
	require.Equal(t, "cache db-***", shownAs(r.Components))
}

// A standby of Vault is no server that is down, and its 429 no rate limit.
func TestHealthOfVault(t *testing.T) {
	const document = `{"initialized":%t,"sealed":%t,"standby":%t,"performance_standby":%t,"replication_performance_mode":"disabled","replication_dr_mode":"disabled","server_time_utc":1764150000,"version":"1.17.2","enterprise":false,"cluster_name":"vault-cluster","echo_duration_ms":0,"clock_skew_ms":0}`
	for _, test := range []struct {
		name                                      string
		status                                    int
		initialized, sealed, standby, performance bool
		text                                      string
	}{
		{"active", 200, true, false, false, false, ""},
		{"standby", 429, true, false, true, false, ""},
		{"secondary for disaster recovery", 472, true, false, false, false, ""},
		{"performance standby", 473, true, false, true, true, ""},
		{"standby, with standbyok", 200, true, false, true, false, ""},
		{"not initialized", 501, false, true, true, false, `want a service that is well; found the service says "not initialized"`},
		{"sealed", 503, true, true, true, false, `want a service that is well; found the service says "sealed"`},
		{"sealed, with sealedcode", 200, true, true, true, false, `want a service that is well; found the service says "sealed"`},
		{"active, of another code", 500, true, false, false, false, `want status 2xx; found status 500; the service says "active"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := answering(t, test.status, fmt.Sprintf(document, test.initialized, test.sealed, test.standby, test.performance))
			r := try(t, `{health: {url: "`+address+`/v1/sys/health"}}`)
			require.Contains(t, r.Text, test.text)
			require.Equal(t, test.text == "", r.Outcome == Success, r.Text)
			require.Empty(t, r.Components)
		})
	}
	r := try(t, `{health: {url: "`+answering(t, 429, `{"errors": ["too many"]}`)+`"}}`)
	require.Equal(t, ReasonBlocked, r.Reason)
	r = try(t, `{health: {url: "`+answering(t, 503, `{"initialized":true,"sealed":false,"standby":true,"ha_connection_healthy":false}`)+`"}}`)
	require.Contains(t, r.Text, "does not reach the active server")
}
