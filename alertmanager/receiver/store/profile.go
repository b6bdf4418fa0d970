package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// Profile is how somebody wants to be reached, as they said on the board. It
// holds addresses: no log, no page and no audit shows one.
type Profile struct {
	Person   string            `json:"person"`
	At       time.Time         `json:"at"`                 // when it was changed last
	Contacts map[string]string `json:"contacts,omitempty"` // by the keys of a file of contacts
	Order    []string          `json:"order,omitempty"`    // of the ways, the best first; nil for that of the catalogue
}

const profileOf = `SELECT body FROM profiles WHERE person = ?`

// Profile gives somebody's profile, or [ErrNotFound].
func (tx *Tx) Profile(person string) (Profile, error) {
	rows, err := tx.sql.QueryContext(tx.ctx, profileOf, person)
	return oneOf[Profile]("a profile", rows, err)
}

// Profile gives somebody's profile, or [ErrNotFound].
func (s *Store) Profile(ctx context.Context, person string) (Profile, error) {
	rows, err := s.reads.QueryContext(ctx, profileOf, person)
	return oneOf[Profile]("a profile", rows, err)
}

// oneOf is the only row of [bodies], or [ErrNotFound].
func oneOf[T any](what string, rows *sql.Rows, err error) (one T, _ error) {
	found, err := bodies[T](what, rows, err)
	if err != nil {
		return one, err
	}
	if len(found) == 0 {
		return one, ErrNotFound
	}
	return found[0], nil
}

const allProfiles = `SELECT body FROM profiles ORDER BY person`

// Profiles lists everybody's.
func (tx *Tx) Profiles() ([]Profile, error) {
	rows, err := tx.sql.QueryContext(tx.ctx, allProfiles)
	return bodies[Profile]("profiles", rows, err)
}

// Profiles lists everybody's.
func (s *Store) Profiles(ctx context.Context) ([]Profile, error) {
	rows, err := s.reads.QueryContext(ctx, allProfiles)
	return bodies[Profile]("profiles", rows, err)
}

// SaveProfile writes a profile as it is now.
func (tx *Tx) SaveProfile(p Profile) error {
	body, err := json.Marshal(p)
	if err == nil {
		_, err = tx.sql.ExecContext(tx.ctx, `
			INSERT INTO profiles (person, body) VALUES (?, ?) ON CONFLICT (person) DO UPDATE SET body = excluded.body`, p.Person, body)
	}
	if err != nil {
		return fmt.Errorf("writing the profile of %s: %w", p.Person, err)
	}
	return nil
}

// DropProfile forgets a profile; none is forgotten already.
func (tx *Tx) DropProfile(person string) error {
	if _, err := tx.sql.ExecContext(tx.ctx, `DELETE FROM profiles WHERE person = ?`, person); err != nil {
		return fmt.Errorf("dropping the profile of %s: %w", person, err)
	}
	return nil
}
