package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// api posts to the receiver as a deployment and gives the window's number.
func (p *program) api(path, body string) int64 {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.url+"/api/v1/maintenance"+path, strings.NewReader(body))
	require.NoError(p.t, err)
	request.Header.Set("Authorization", "Bearer hush")
	response, err := http.DefaultClient.Do(request)
	require.NoError(p.t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(p.t, err)
	require.Less(p.t, response.StatusCode, 300, "%s", text)
	var window struct{ ID int64 }
	require.NoError(p.t, json.Unmarshal(text, &window))
	return window.ID
}

// marked says whether the only incident is open and held back.
func (p *program) marked() bool {
	response, err := http.Get(p.url + "/api/v1/incidents")
	require.NoError(p.t, err)
	defer func() { _ = response.Body.Close() }()
	var list struct {
		Incidents []struct{ Open, Withheld bool } `json:"incidents"`
	}
	require.NoError(p.t, json.NewDecoder(response.Body).Decode(&list))
	return len(list.Incidents) == 1 && list.Incidents[0].Open && list.Incidents[0].Withheld
}

// TestADeploymentOverAKilledReceiver: a deployment opens a window and breaks the
// service. The incident is there and marked, nobody is told, and a receiver
// that is killed in the middle knows it again. Its end tells.
func TestADeploymentOverAKilledReceiver(t *testing.T) {
	box := catcher(t)
	folder := folderFor(t, box.SMTPAddr())
	catalogue, err := os.ReadFile(filepath.Join(folder, "tocsin.yml"))
	require.NoError(t, err)
	text := strings.Replace(string(catalogue), "token_file: token}", "token_file: token, api_tokens: {deploy: {file: deploy}}}\ndefaults: {page_after: 1s}", 1)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "tocsin.yml"), []byte(text), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "deploy"), []byte("hush"), 0o600))

	p := start(t, folder)
	id := p.api("", `{"service": "shop", "duration": "30m", "reason": "release 7"}`)
	require.Equal(t, http.StatusOK, p.post("f"))
	require.True(t, p.marked())
	p.kill()
	p = start(t, folder)
	require.True(t, p.marked())
	require.Empty(t, box.Messages(""))
	p.api(fmt.Sprintf("/%d/end", id), "")
	require.Eventually(t, func() bool { return len(box.Messages("asha@example.org")) == 1 }, 20*time.Second, 10*time.Millisecond, "%s", p.log)
	require.Contains(t, box.Messages("asha@example.org")[0].Text, "fault f")
	require.False(t, p.marked())
}
