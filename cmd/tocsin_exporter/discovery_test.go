package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// A target that is listed is probed, and one that is listed no longer leaves no
// series behind; what is malformed is counted and disturbs nobody; what was
// found last is watched after a restart without its source.
func TestListedTargetsComeAndGo(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "Welcome") }))
	defer shop.Close()
	folder, storage := t.TempDir(), t.TempDir()
	list := filepath.Join(folder, "targets.json")
	say := func(groups string) {
		require.NoError(t, os.WriteFile(list+".new", []byte(groups), 0o600))
		require.NoError(t, os.Rename(list+".new", list))
	}
	target := func(job string) string {
		return fmt.Sprintf(`{"targets": [%q], "labels": {"job": %q}}`, shop.URL+"/"+job, job)
	}
	catalogue := filepath.Join(folder, "tocsin.yml")
	require.NoError(t, os.WriteFile(catalogue, []byte(header+"services: {written: {team: crew, probes: {home: {http: {url: "+shop.URL+"}}}}}\n"+
		`discovery: {machines: {file: {paths: [targets.json]}, name: "{{label job}}", service: {team: "{{label team|crew}}", probes: {home: {interval: 15s, http: {url: "{{url}}"}}}}}}`+"\n"), 0o600))
	say("[" + target("one") + "," + target("two") + "]")
	args := []string{"--config.file=" + catalogue, "--web.listen-address=127.0.0.1:0", "--storage.path=" + storage, "--location=dublin"}
	exporter := begin(t, args...)
	until := func(what string, is func(page string) bool) {
		t.Helper()
		require.Eventually(t, func() bool {
			_, _, page := get(t, exporter.url+"/metrics", "")
			return is(page)
		}, 60*time.Second, 50*time.Millisecond, what)
	}
	has := func(texts ...string) func(string) bool {
		return func(page string) bool {
			for _, text := range texts {
				if !strings.Contains(page, text) {
					return false
				}
			}
			return true
		}
	}
	until("both are there", has(`tocsin_service_info{external="false",page="always",service="one",team="crew"} 1`, `tocsin_discovery_service_info{location="dublin",service="two",source="machines"} 1`,
		`tocsin_probe_info{kind="http",means="down",probe="home",service="two"} 1`, `tocsin_discovery_up{location="dublin",source="machines"} 1`))
	code, _, text := get(t, exporter.url+"/probe?service=one&probe=home", "")
	require.Equal(t, http.StatusOK, code, text)

	say("[" + target("one") + `, {"targets": [7]}, {"targets": ["http://x/"], "labels": {"job": "written"}}, {"targets": ["file:///etc/passwd"], "labels": {"job": "x"}}, {"targets": ["http://y/"], "labels": {"job": "a\"}\n# HELP"}}]`)
	until("two is gone and the hostile are counted", func(page string) bool {
		return !strings.Contains(page, `"two"`) && has(`tocsin_discovery_rejected_targets{location="dublin",reason="malformed",source="machines"} 1`,
			`tocsin_discovery_rejected_targets{location="dublin",reason="clash",source="machines"} 1`, `tocsin_discovery_rejected_targets{location="dublin",reason="value",source="machines"} 2`,
			`tocsin_discovery_removed_services_total{location="dublin",source="machines"} 1`, `service="one"`, `service="written"`)(page)
	})
	require.NoError(t, os.Remove(list))
	until("losing sight is not removal", has(`tocsin_discovery_up{location="dublin",source="machines"} 0`, `service="one"`))
	require.Zero(t, exporter.stop())
	exporter = begin(t, args...)
	_, _, page := get(t, exporter.url+"/metrics", "")
	require.Contains(t, page, `tocsin_service_info{external="false",page="always",service="one",team="crew"} 1`)
	say("[]")
	until("an empty list takes all away", func(page string) bool {
		return !strings.Contains(page, `service="one"`) && has(`tocsin_discovery_targets{location="dublin",source="machines"} 0`)(page)
	})
	require.Zero(t, exporter.stop())
	require.NotContains(t, exporter.log.String(), "level=error")
}
