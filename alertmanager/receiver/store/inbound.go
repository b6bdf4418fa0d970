package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Foreign is an alert that another system raised. EndsAt is zero while it
// fires, and ExpiresAt for one that does not end by itself. One without labels
// has only ended: its beginning never came.
type Foreign struct {
	ID                          int64
	Source, Key                 string
	StartsAt, EndsAt, ExpiresAt time.Time
	Labels, Annotations         map[string]string
}

// foreignTexts is what of a [Foreign] nothing looks for.
type foreignTexts struct {
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

const foreignColumns = `id, source, key, starts_at, ends_at, expires_at, body`

// NewMessage says whether a message of a source comes for the first time, and
// remembers it.
func (tx *Tx) NewMessage(source, id string, at time.Time) (bool, error) {
	return tx.wrote(`INSERT INTO inbound_messages (source, id, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, source, id, at)
}

// LastForeign is the newest alert of a source's key; false when there is none.
func (tx *Tx) LastForeign(source, key string) (Foreign, bool, error) {
	row := tx.sql.QueryRowContext(tx.ctx, `SELECT `+foreignColumns+` FROM inbound WHERE source = ? AND key = ? ORDER BY id DESC LIMIT 1`, source, key)
	f, err := scanForeign(row)
	if errors.Is(err, sql.ErrNoRows) {
		return f, false, nil
	}
	return f, err == nil, err
}

// FiringForeign counts the alerts of a source that fire.
func (tx *Tx) FiringForeign(source string) (n int, err error) {
	err = tx.sql.QueryRowContext(tx.ctx, `SELECT count(*) FROM inbound WHERE ends_at IS NULL AND source = ?`, source).Scan(&n)
	if err != nil {
		err = fmt.Errorf("counting alerts from elsewhere: %w", err)
	}
	return n, err
}

// PutForeign writes an alert as it is now; one without an id is new.
func (tx *Tx) PutForeign(f Foreign, now time.Time) error {
	body, err := json.Marshal(foreignTexts{f.Labels, f.Annotations})
	if err != nil {
		return fmt.Errorf("writing an alert from elsewhere: %w", err)
	}
	if f.ID == 0 {
		_, err = tx.sql.ExecContext(tx.ctx, `
			INSERT INTO inbound (source, key, starts_at, ends_at, expires_at, changed_at, body) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			f.Source, f.Key, nanos(f.StartsAt), maybe(f.EndsAt), maybe(f.ExpiresAt), nanos(now), body)
	} else {
		_, err = tx.sql.ExecContext(tx.ctx, `
			UPDATE inbound SET starts_at = ?, ends_at = ?, expires_at = ?, changed_at = ?, body = ? WHERE id = ?`,
			nanos(f.StartsAt), maybe(f.EndsAt), maybe(f.ExpiresAt), nanos(now), body, f.ID)
	}
	if err != nil {
		return fmt.Errorf("writing an alert from elsewhere: %w", err)
	}
	return nil
}

// Foreign lists the alerts that fire, and those that ended since an instant.
func (s *Store) Foreign(ctx context.Context, since time.Time) ([]Foreign, error) {
	rows, err := s.reads.QueryContext(ctx, `
		SELECT `+foreignColumns+` FROM inbound WHERE ends_at IS NULL
		UNION ALL SELECT `+foreignColumns+` FROM inbound WHERE ends_at IS NOT NULL AND changed_at >= ? ORDER BY id`, nanos(since))
	if err != nil {
		return nil, fmt.Errorf("reading alerts from elsewhere: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var all []Foreign
	for rows.Next() {
		f, err := scanForeign(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, rows.Err()
}

func scanForeign(row interface{ Scan(...any) error }) (Foreign, error) {
	var f Foreign
	var starts int64
	var ends, expires sql.NullInt64
	var body []byte
	err := row.Scan(&f.ID, &f.Source, &f.Key, &starts, &ends, &expires, &body)
	if err != nil {
		return f, fmt.Errorf("reading an alert from elsewhere: %w", err)
	}
	f.StartsAt = instant(starts)
	if ends.Valid {
		f.EndsAt = instant(ends.Int64)
	}
	if expires.Valid {
		f.ExpiresAt = instant(expires.Int64)
	}
	var texts foreignTexts
	if err := json.Unmarshal(body, &texts); err != nil {
		return f, fmt.Errorf("reading an alert from elsewhere: %w", err)
	}
	f.Labels, f.Annotations = texts.Labels, texts.Annotations
	return f, nil
}
