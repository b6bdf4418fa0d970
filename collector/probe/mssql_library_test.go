package probe

import (
	"context"
	"database/sql"
	"testing"

	_ "github.com/microsoft/go-mssqldb"
	"github.com/stretchr/testify/require"
)

// Microsoft's library understands the server that our client is tested
// against, and reads the same values.
func TestMicrosoftsLibraryReadsTheServer(t *testing.T) {
	for name, more := range map[string]string{"encrypted": "encrypt=true", "strict": "encrypt=strict", "plain": "encrypt=disable"} {
		t.Run(name, func(t *testing.T) {
			address, ca := tdsServing(t, func(s *tdsServer) {
				switch name {
				case "strict":
					s.strict, s.config.NextProtos = true, []string{"tds/8.0"}
				case "plain":
					s.encryption = 2
				}
			})
			db, err := sql.Open("sqlserver", "sqlserver://probe:hunter-two@"+address+"?dial+timeout=30&"+more+"&certificate="+ca)
			require.NoError(t, err)
			db.SetMaxOpenConns(1)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
			for _, kind := range tdsTypes() {
				if kind.library == "-" {
					continue
				}
				want := kind.text
				if kind.library != "" {
					want = kind.library
				}
				require.Equal(t, want, readOne(t, db, "SELECT "+kind.name), kind.name)
			}
			_, err = db.ExecContext(t.Context(), "SELECT nothing")
			require.ErrorContains(t, err, "Invalid object name 'SELECT nothing'")
		})
	}
}

// readOne reads an answer to its end: what is left unread would be called off,
// which this server does not understand.
func readOne(t *testing.T, db *sql.DB, query string) (got string) {
	t.Helper()
	rows, err := db.QueryContext(context.Background(), query)
	require.NoError(t, err, query)
	for rows.Next() {
		require.NoError(t, rows.Scan(&got), query)
	}
	require.NoError(t, rows.Err(), query)
	require.NoError(t, rows.Close(), query)
	return got
}
