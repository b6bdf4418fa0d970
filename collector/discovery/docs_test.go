package discovery

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// Each section of docs/discovery.md shows a source, what it says, and what
// becomes of it: the source is asked, and becomes just that.
func TestEveryExampleIsTrue(t *testing.T) {
	text, err := os.ReadFile("../../docs/discovery.md")
	require.NoError(t, err)
	for section, prepare := range map[string]func(t *testing.T, says string) func(catalogue string) string{
		"Files": func(t *testing.T, says string) func(string) string {
			folder := filepath.Join(t.TempDir(), "targets")
			require.NoError(t, os.Mkdir(folder, 0o750))
			put(t, filepath.Join(folder, "shop.json"), says)
			return func(c string) string { return strings.ReplaceAll(c, "targets/*.json", folder+"/*.json") }
		},
		"HTTP": func(t *testing.T, says string) func(string) string {
			server := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprint(w, says)
			})
			return func(c string) string {
				return strings.ReplaceAll(c, "https://inventory.example.org/targets", server.URL)
			}
		},
		"Kubernetes": func(t *testing.T, says string) func(string) string {
			c, server := newCluster(t)
			c.put("ingresses", "ADDED", says)
			token := filepath.Join(t.TempDir(), "token")
			put(t, token, "first")
			return func(c string) string {
				return strings.ReplaceAll(c, "kubernetes: {", "kubernetes: {api: "+server.URL+", token_file: "+token+", ")
			}
		},
	} {
		t.Run(section, func(t *testing.T) {
			_, after, found := strings.Cut(string(text), "\n## "+section+"\n")
			require.True(t, found)
			after, _, _ = strings.Cut(after, "\n## ")
			block := func(language string) string {
				match := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindStringSubmatch(after)
				require.NotNil(t, match, language)
				return match[1]
			}
			own := prepare(t, block("json"))(block("yaml"))
			c, err := catalog.Parse("tocsin.yml", []byte("monitoring: {team: platform}\nteams: {platform: {}, shop: {}}\nservices: {postgres: {team: platform}}\n"+own))
			require.NoError(t, err)
			require.Len(t, c.Discovery, 1)
			to := make(reports, 100)
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan struct{})
			for _, d := range c.Discovery {
				go func() {
					defer close(ended)
					newSource(d, New(Options{}).settings).run(ctx, nil, to)
				}()
			}
			r := to.until(t, func(r report) bool { return len(r.list) > 0 })
			stop()
			<-ended
			out, _ := c.Extend(r.list, nil)
			got := strings.Split(asks(out), "\n")
			slices.Sort(got)
			require.Equal(t, strings.TrimSpace(block("text")), strings.Join(got, "\n"))
		})
	}
}
