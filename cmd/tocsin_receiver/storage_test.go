package main

import (
	"bytes"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/test/servers"
)

// documented are the commands of docs/storage.md, each without the program.
func documented(t *testing.T) (all []string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/storage.md")
	require.NoError(t, err)
	for _, command := range regexp.MustCompile(`(?m)^tocsin_receiver (.*)$`).FindAllStringSubmatch(string(text), -1) {
		all = append(all, command[1])
	}
	return all
}

// command runs one to its end.
func command(t *testing.T, line string, code int) (stdout, stderr string) {
	t.Helper()
	var out, problems bytes.Buffer
	require.Equal(t, code, run(t.Context(), strings.Fields(line), &out, &problems), "%s: %s", line, problems.String())
	return out.String(), problems.String()
}

// TestTheDocumentedCommands runs what docs/storage.md shows, beside a receiver
// that runs.
func TestTheDocumentedCommands(t *testing.T) {
	folder := folderFor(t, "127.0.0.1:1")
	p := start(t, folder)
	require.Equal(t, http.StatusOK, p.post("f"))
	commands := documented(t)
	t.Chdir(folder)
	require.Len(t, commands, 5)

	out, _ := command(t, commands[1], 0)
	require.Contains(t, out, "is a copy of the database")
	_, problem := command(t, commands[1], 1)
	require.Contains(t, problem, "making the backup: ")
	_, problem = command(t, commands[2], 1)
	require.Contains(t, problem, "another receiver uses")
	out, _ = command(t, commands[3], 0)
	require.Regexp(t, `^everything.jsonl has \d+ rows`, out)
	p.kill()
	out, _ = command(t, commands[2], 0)
	require.Regexp(t, `^What was there before is in data/before-restore-\d+\.\nreceiver-2026-11-26\.db is the database now\.\n$`, out)
	out, _ = command(t, commands[4], 0)
	require.Regexp(t, `^\d+ rows were imported`, out)
	_, problem = command(t, commands[4], 1)
	require.Contains(t, problem, "import into an empty one")
	_, problem = command(t, "--storage.path=nowhere export x", 1)
	require.Contains(t, problem, "opening the database: ")

	// The imported one and the backup are databases to go on with.
	require.NoError(t, os.Rename("data", "again"))
	for _, data := range []string{"elsewhere", "again"} {
		require.NoError(t, os.RemoveAll("data"))
		require.NoError(t, os.Rename(data, "data"))
		p := start(t, folder)
		require.True(t, p.fingerprints()["f"], data)
		p.kill()
	}
}

// TestRealDocumentedPostgreSQL runs the first of them, and moves a database
// there.
func TestRealDocumentedPostgreSQL(t *testing.T) {
	address := servers.Postgres(t)
	folder := folderFor(t, "127.0.0.1:1")
	p := start(t, folder)
	require.Equal(t, http.StatusOK, p.post("f"))
	p.kill()
	commands := documented(t)
	t.Chdir(folder)
	require.NoError(t, os.WriteFile("dsn", []byte("postgres://probe:hunter-two@"+address+"/postgres?sslmode=disable\n"), 0o600))
	flag := strings.Replace(commands[0], "/etc/tocsin/dsn", "dsn", 1)
	command(t, "--storage.path=data export everything.jsonl", 0)
	command(t, flag+" import everything.jsonl", 0)
	_, problem := command(t, flag+" backup copy.db", 1)
	require.Contains(t, problem, "pg_dump")
	_, problem = command(t, flag+" restore copy.db", 1)
	require.Contains(t, problem, "pg_restore")
	require.NoError(t, os.RemoveAll("data"))
	p = start(t, folder, flag)
	require.True(t, p.fingerprints()["f"])
}
