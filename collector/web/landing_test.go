package web

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/collector/discovery"
)

func TestTheLandingPageShowsWhereServicesComeFrom(t *testing.T) {
	f := newFake(t)
	_, page, _ := ask(t, f, "GET", "/")
	require.NotContains(t, page, "Where services come from")

	f.sources = sources{
		{Name: "cluster", Kind: "kubernetes", Known: true, Read: true, Success: time.Now().Add(-time.Minute), Targets: 40, Services: 38, Rejected: 25, Rejections: []catalog.Rejection{
			{Source: "cluster", Target: "Ingress shop/<b>web</b>", Service: "shop", Reason: catalog.RejectValue, Problem: "thresholds.memory: want a share", Kept: true},
		}},
		{Name: "inventory", Kind: "http", Known: true, Err: "status 503, want 200", Success: time.Date(2026, 11, 22, 13, 14, 15, 0, time.UTC), Targets: 3, Services: 3},
		{Name: "machines", Kind: "file"},
	}
	_, page, _ = ask(t, f, "GET", "/")
	for _, want := range []string{
		`<th scope="row">cluster <span class="muted">kubernetes</span></th>`, `25 rejected</summary>`, `The first 1 are shown.`,
		`<li>Ingress shop/&lt;b&gt;web&lt;/b&gt; (service shop): thresholds.memory: want a share; it goes on as it was <span class="muted">value</span></li>`,
		`unreadable</td>`, `title="2026-11-22 13:14:15`, `status 503, want 200`, `not read yet</td>`, `never</td>`,
	} {
		require.Contains(t, page, want)
	}
}

var _ Discoverer = (*discovery.Discovery)(nil)
