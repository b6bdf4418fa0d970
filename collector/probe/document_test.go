package probe

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/probes.md anew")

// TestDocumentIsFresh keeps docs/probes.md in step with the two tables.
func TestDocumentIsFresh(t *testing.T) {
	const path = "../../docs/probes.md"
	want := document()
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o644)) //nolint:gosec // a page of the documentation
	}
	have, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want, string(have), "go test ./collector/probe -update writes it anew")
}

func document() string {
	var b strings.Builder
	b.WriteString(`# Probe kinds

Written from the tables in collector/probe; docs/catalogue.md has every key of each kind, docs/metrics.md what is exported.

Every attempt resolves afresh, opens its own connection, and takes at most the probe's timeout, the body included. Of a body
the first MiB, unpacked, is searched and at most 8 MiB is read. Up to 10 redirects are followed; headers that come from files
are sent to the first host only, and a redirect that would send a body with a secret to another host is not followed. Proxies of the
environment are not used. Failure texts are one line of at most 300 bytes, and what was read from a secret's file stands in them as ` + "`***`" + `.

| kind | what it does | phases | reasons it can give |
|---|---|---|---|
`)
	for _, k := range Kinds() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.Name, k.Summary, words(k.Phases), words(k.Reasons))
	}
	b.WriteString(`
## Blocked

What somebody in between answered says nothing about the service, unless the probe asks for just that status. Such a run is
` + "`blocked`" + `: it changes no state, is not repeated, and raises a warning that the probe should be let in. 429 is always that. Others
are told by these signs, all of a row together; a plain 403 or 503 is the service's own.

| who | status | header | body contains |
|---|---|---|---|
`)
	for _, f := range firewalls() {
		header := ""
		if f.header != "" {
			header = "`" + f.header + "`"
		}
		if f.value != "" {
			header += " with `" + f.value + "`"
		}
		body := ""
		if f.body != "" {
			body = "`" + f.body + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", f.name, strings.ReplaceAll(strings.Trim(fmt.Sprint(f.status), "[]"), " 0", ""), header, body)
	}
	return b.String()
}

func words[T fmt.Stringer](list []T) string {
	quoted := make([]string, len(list))
	for i, item := range list {
		quoted[i] = "`" + item.String() + "`"
	}
	return strings.Join(quoted, ", ")
}
