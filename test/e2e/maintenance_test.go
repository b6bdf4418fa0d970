package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/test/estate"
)

// deployToken is what the deployment of these tests proves itself with.
const deployToken = "a deployment's token"

// A deployment opens a window and breaks the shop in it. The alert goes on, the
// team's mailbox hears of it and of the window, and nobody is called; until the
// window ends and the shop is still down.
func TestMaintenanceWithholdsPagesUntilItEnds(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: the whole line takes minutes")
	}
	t.Parallel()
	token := filepath.Join(t.TempDir(), "deploy-token")
	require.NoError(t, os.WriteFile(token, []byte(deployToken), 0o600))
	e := startWith(t, estate.Options{Edit: func(f *estate.Files) {
		f.Catalogue = replaced(t, f.Catalogue, "deploy: {file: .tocsin/deploy-token}", fmt.Sprintf("deploy: {file: %q}", token))
	}})

	window := ask(t, e, http.MethodPost, "", `{"service": "shop", "duration": "1h", "reason": "release 1.4.2"}`)
	eventually(t, "the window is known to the rules", func() error {
		return count(t, e, 1, `max by (service) (tocsin_service_maintenance{service="shop"}) == 1`)
	})
	began := turn(t, e, "down/on")
	message := told(t, e, began, developers, "shop is down", "In maintenance: shop until")
	t.Logf("%s\n%s", message.Subject, message.Text)
	require.True(t, incident(t, e).Open())
	eventually(t, "the alert has fired for longer than page_after", func() error {
		return count(t, e, 1, `time() - ALERTS_FOR_STATE{alertname="ServiceDown",service="shop"} > 20`)
	})
	require.NoError(t, fires(t, e, "ServiceDown"), "the alert is not hidden")
	for _, person := range []string{asha, ben, pat, "push:asha", "push:ben", "push:pat"} {
		require.Nilf(t, find(e, began, person), "%s is left alone", person)
	}

	ended := time.Now()
	ask(t, e, http.MethodDelete, fmt.Sprint("/", window), "")
	told(t, e, ended, pat, "shop is down")
	eventually(t, "the phone of whoever is on call rings", func() error {
		for _, person := range []string{"push:asha", "push:ben"} {
			if find(e, ended, person, "shop is down") != nil {
				return nil
			}
		}
		return fmt.Errorf("nobody's does; told are %v", mailboxes(e))
	})

	mended := turn(t, e, "reset")
	told(t, e, mended, pat, "RESOLVED after", "shop")
	eventually(t, "the incident is closed", func() error { return openOf(t, e, "shop", 0) })
}

// replaced wants the old text to be there.
func replaced(t *testing.T, text, old, with string) string {
	t.Helper()
	require.Contains(t, text, old)
	return strings.ReplaceAll(text, old, with)
}

// ask calls the receiver's API for windows and returns the window's number.
func ask(t *testing.T, e *estate.Estate, method, path, body string) int64 {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, e.URL(estate.Receiver)+"/api/v1/maintenance"+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+deployToken)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	var window struct {
		ID    int64  `json:"id"`
		Error string `json:"error"`
	}
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&window))
	require.Emptyf(t, window.Error, "%s", answer.Status)
	require.NotZero(t, window.ID)
	return window.ID
}
