package collector

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/catalog/maintenance"
)

// Windows exports the catalogue's maintenance windows while they are open.
// Like everything that the catalogue says, every exporter exports all of them,
// and probing goes on: it is the receiver that withholds pages. Windows that
// were opened once are the receiver's to export.
type Windows struct{ current atomic.Pointer[scheduled] }

// scheduled is one catalogue with its plan.
type scheduled struct {
	catalog *catalog.Catalog
	plan    *maintenance.Plan
}

// NewWindows registers the series; there are none before the first Update.
func NewWindows(r prometheus.Registerer) *Windows {
	w := &Windows{}
	r.MustRegister(maintenance.NewCollector(w.open, time.Now))
	return w
}

// Update takes a catalogue over. On an error everything stays as it was.
func (w *Windows) Update(c *catalog.Catalog) error {
	plan, err := maintenance.New(c)
	if err != nil {
		return err
	}
	w.current.Store(&scheduled{c, plan})
	return nil
}

func (w *Windows) open(now time.Time) (*catalog.Catalog, []maintenance.Window) {
	s := w.current.Load()
	if s == nil {
		return nil, nil
	}
	return s.catalog, s.plan.Open(now)
}
