package receiver

import (
	"context"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/audit"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

// keptAudit is for how long it is known who did what on the board.
const keptAudit = 2 * 365 * 24 * time.Hour

// Note keeps what somebody did on the board.
func (r *Receiver) Note(ctx context.Context, e audit.Entry) error {
	return r.store.Update(ctx, func(tx *store.Tx) error { return tx.AddAudit(e) })
}

// Audit lists what was done on the board, the newest first.
func (r *Receiver) Audit(ctx context.Context, q audit.Query) ([]audit.Entry, error) {
	return r.store.Audit(ctx, q)
}
