package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/internal/inbox"
)

// TestDrillsPage runs the test message that docs/drills.md shows; its drill is
// run by the tests of the whole line.
func TestDrillsPage(t *testing.T) {
	d := newDesktop(t)
	box, err := inbox.New(inbox.Options{SMTP: "127.0.0.1:0", Web: "127.0.0.1:0"})
	require.NoError(t, err)
	go func() { _ = box.Run(t.Context()) }()
	written, err := os.ReadFile(filepath.Join(d.folder, "tocsin.yml"))
	require.NoError(t, err)
	d.write("ben.yml", "email: ben@example.org\n")
	d.write("tocsin.yml", strings.NewReplacer(
		"ben: {name: Ben Carter}", "ben: {name: Ben Carter, contacts: {file: ben.yml}}",
		"delivery: {", "delivery: {smtp: {host: "+box.SMTPAddr()+", from: tocsin@example.org}, ",
	).Replace(string(written)))
	c, err := catalog.Load(filepath.Join(d.folder, "tocsin.yml"))
	require.NoError(t, err)
	require.NoError(t, d.receiver.Update(c))

	page, err := os.ReadFile("../../docs/drills.md")
	require.NoError(t, err)
	shown := regexp.MustCompile(`(?m)^\$ tocsin (notify .*)$`).FindSubmatch(page)
	require.NotNil(t, shown)
	out := d.tocsin(0, strings.Fields(string(shown[1]))...)
	require.Regexp(t, `(?m)^email +taken by the provider +\d+\.\ds$`, out)
	require.Regexp(t, `(?m)^push +not used: no channel or no address +-$`, out)
	require.Len(t, box.Messages("ben@example.org"), 1)

	require.Contains(t, d.tocsin(1, "notify", "test", "asha"), "nothing reaches asha: give people.asha contacts in the catalogue")
	require.Contains(t, d.tocsin(1, "notify", "test", "ben", "--by=push", "--by=email"), "taken by the provider")
	require.Contains(t, d.tocsin(1, "notify", "test", "bem"), `there is no such person in the catalogue: "bem" (did you mean "ben"?)`)
}

func TestWhatADrillRefuses(t *testing.T) {
	d := newDesktop(t)
	require.Contains(t, d.tocsin(1, "drill", "shpo", "--yes"), `there is no service "shpo" (did you mean "shop"?)`)
	require.Contains(t, d.tocsin(1, "drill", "shop", "--yes"), "the catalogue names no Alertmanager: add links.alertmanager")
	require.Contains(t, d.tocsin(2, "drill", "shop", "--severity=bad"), `--severity: got "bad", want one of critical, warning, info`)
	written, err := os.ReadFile(filepath.Join(d.folder, "tocsin.yml"))
	require.NoError(t, err)
	d.write("tocsin.yml", "links: {alertmanager: [http://127.0.0.1:1]}\n"+string(written))
	require.Contains(t, d.tocsin(1, "drill", "shop"), "a drill wakes people: say --yes where nobody can be asked")
	require.Contains(t, d.tocsin(1, "drill", "shop", "--yes"), "the drill failed: posting to Alertmanager http://127.0.0.1:1: ")
}

// What the receiver refuses, and a receiver that is not there, are told with
// what to do about it.
func TestRefusalsSayWhatMendsThem(t *testing.T) {
	d := newDesktop(t)
	d.write("other-token", "guess\n")
	for args, want := range map[string]string{
		"incident show 99":   "there is no such incident: `tocsin incident list --state=all` lists those that are",
		"maintenance end 99": "there is no such maintenance window (a window of the catalogue is changed there): `tocsin maintenance list` lists those that are",
		"oncall end 99":      "there is no such entry in a rota: `tocsin oncall list` lists those that are",
		"notify test ben --token-file=" + filepath.Join(d.folder, "tocsin.yml"):    "tocsin.yml is no token's: want one word in it, and nothing else",
		"notify test ben --token-file=" + filepath.Join(d.folder, "other-token"):   "(the tool sends the token of --token-file, or else the only one of delivery.receiver.api_tokens)",
		"incident list --receiver=http://127.0.0.1:1":                              "connection refused: does it run there? Another address is said by --receiver=URL",
		"incident list --receiver=127.0.0.1:10211":                                 `--receiver: got "127.0.0.1:10211", want an address such as http://127.0.0.1:10211`,
		"incident list --token-file=" + filepath.Join(d.folder, "nowhere", "file"): "--token-file: open ",
	} {
		require.Contains(t, d.tocsin(1, strings.Fields(args)...), want, args)
	}
}
