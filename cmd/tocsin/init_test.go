//go:build linux

package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
)

// Ctrl-C in the middle of the questions ends the program at once and leaves
// nothing behind. The rest of the dialogue stands in testdata/script/init.txtar.
func TestInitIsInterrupted(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	program := filepath.Join(t.TempDir(), "tocsin") // under this name the test binary is the tool
	require.NoError(t, os.Symlink(self, program))
	folder := t.TempDir()
	command := exec.CommandContext(t.Context(), program, "init")
	command.Dir = folder
	terminal, err := pty.Start(command)
	require.NoError(t, err)
	defer terminal.Close()
	screen := bufio.NewReader(terminal)
	shows(t, screen, "watched?")
	_, err = io.WriteString(terminal, "https://www.orchard.example/\n")
	require.NoError(t, err)
	shows(t, screen, "what is behind it?")
	_, err = io.WriteString(terminal, "\x03")
	require.NoError(t, err)
	shows(t, screen, "tocsin: interrupted: nothing was written")
	var ended *exec.ExitError
	require.ErrorAs(t, command.Wait(), &ended)
	require.Equal(t, 1, ended.ExitCode())
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Empty(t, left)
}

// shows waits until the screen has a text.
func shows(t *testing.T, screen *bufio.Reader, text string) {
	t.Helper()
	var seen strings.Builder
	for !strings.HasSuffix(seen.String(), text) {
		b, err := screen.ReadByte()
		require.NoError(t, err, seen.String())
		seen.WriteByte(b)
	}
}
