package board

import (
	"context"
	"net/http"

	"github.com/tocsin-monitoring/tocsin/catalog/maintenance"
)

// Trier tries out whether people are reached.
type Trier interface {
	// Try sends a test message by the ways, or by all when there are none.
	Try(ctx context.Context, person string, ways []string, by string) ([]Tried, error)
}

// Tried is what came of trying one way.
type Tried struct {
	Way     string  `json:"way"`
	Seconds float64 `json:"seconds,omitempty"` // until the provider had taken it
	Skipped bool    `json:"skipped,omitempty"` // the person is not reached by it at all
	Problem string  `json:"problem,omitempty"`
}

func (b *board) mountTry(mux *http.ServeMux) {
	mux.HandleFunc("POST /api/v1/people/{person}/test", b.apiTry)
}

// apiTry takes {"ways": ["push"], "by": "asha"}; without ways all are tried.
func (b *board) apiTry(w http.ResponseWriter, r *http.Request) {
	b.withCaller(w, r, func(who maintenance.Who) {
		var in struct {
			Ways []string `json:"ways"`
			By   string   `json:"by"`
		}
		err := readJSON(w, r, &in, `{"ways": ["push"], "by": "asha"}`)
		if err == nil {
			if who.Name, err = who.Or(in.By); err != nil {
				err = Refused{err}
			}
		}
		var tried []Tried
		if err == nil {
			tried, err = b.Desk.Try(r.Context(), r.PathValue("person"), in.Ways, who.Name)
		}
		if err != nil {
			b.apiError(w, r, codeOf(err), err)
			return
		}
		b.json(w, http.StatusOK, map[string]any{"tried": tried})
	})
}
