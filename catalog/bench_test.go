package catalog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// BenchmarkLoadThousandServices is what a reload of a large estate costs.
func BenchmarkLoadThousandServices(b *testing.B) {
	text := []byte(estate(1000))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		c, err := catalog.Parse("tocsin.yml", text)
		require.NoError(b, err)
		require.Len(b, c.Services, 1001)
	}
}

// BenchmarkThousandMistakes is what the worst of edits costs.
func BenchmarkThousandMistakes(b *testing.B) {
	text := []byte(strings.ReplaceAll(estate(1000), "status: 302", "sttaus: 302"))
	b.ReportAllocs()
	for b.Loop() {
		_, err := catalog.Parse("tocsin.yml", text)
		require.Error(b, err)
		require.NotEmpty(b, err.Error())
	}
}

// estate is a catalogue of n services with four probes each, and one outside.
func estate(n int) string {
	var text strings.Builder
	text.WriteString("monitoring: {team: team-0}\nteams:\n")
	for i := range 50 {
		fmt.Fprintf(&text, "  team-%d: {}\n", i)
	}
	text.WriteString("services:\n")
	for i := range n {
		fmt.Fprintf(&text, `  service-%[1]d:
    team: team-%[2]d
    url: https://service-%[1]d.example.org/
    depends_on: [service-%[3]d]
    probes:
      home: {http: {url: https://service-%[1]d.example.org/, body: Welcome}}
      health: {means: degraded, interval: 30s, http: {url: https://service-%[1]d.example.org/health}}
      port: {means: info, tcp: {address: "service-%[1]d.example.org:443"}}
      login:
        journey:
          - {get: https://service-%[1]d.example.org/login, extract: {token: "css:input[name=csrf]@value"}}
          - {post: /login, form: {user: probe, csrf: "{{token}}"}, status: 302}
`, i, i%50, n)
	}
	fmt.Fprintf(&text, "  service-%d: {external: true}\n", n)
	return text.String()
}
