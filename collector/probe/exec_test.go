package probe

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// shell is a catalogued command that a shell reads.
func shell(script string, more ...string) string {
	return `{exec: {command: [/bin/sh, -c, ` + strconv.Quote(script) + `]` + strings.Join(more, "") + `}}`
}

func TestExec(t *testing.T) {
	for _, test := range []struct {
		name   string
		spec   string
		reason Reason
		text   string
		output string
	}{
		{name: "ok", spec: shell("echo OK - all well"), output: "OK - all well"},
		{name: "warning", spec: shell("echo WARNING - 12 jobs; exit 1"), reason: ReasonStatus, text: "exit status 1 (warning): WARNING - 12 jobs"},
		{name: "a warning that is none", spec: shell("exit 1", ", fail_on: critical")},
		{name: "critical", spec: shell("echo; exit 2", ", fail_on: critical"), reason: ReasonStatus, text: "exit status 2 (critical); it wrote nothing"},
		{name: "says it on standard error", spec: shell("echo no route >&2; exit 22"), reason: ReasonStatus, text: "exit status 22: no route", output: "no route"},
		{name: "unknown", spec: shell("echo no idea; exit 3"), reason: ReasonInternal, text: "the command could not tell: exit status 3 (unknown): no idea"},
		{name: "a signal", spec: shell("kill -SEGV $$"), reason: ReasonStatus, text: "ended by signal SIGSEGV; it wrote nothing"},
		{name: "no such program", spec: `{exec: {command: [tocsin-has-no-such-program]}}`, reason: ReasonInternal, text: `running "tocsin-has-no-such-program": executable file not found in $PATH`},
		{name: "no such folder", spec: `{exec: {command: ["true"], directory: /does/not/exist}}`, reason: ReasonInternal, text: `running "true": no such file or directory`},
		{name: "sees little of ours", spec: shell("test -z \"$TOCSIN_SECRET_OF_OURS\" && test -n \"$PATH\"")},
		{name: "does not wait for us", spec: shell("cat"), text: ""},
		{name: "many words", spec: shell("head -c 10000000 /dev/zero | base64 -w0"), output: strings.Repeat("A", maxOutput)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("TOCSIN_SECRET_OF_OURS", "hunter2")
			r := try(t, test.spec)
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Equal(t, test.text, r.Text)
			if test.output != "" {
				require.Equal(t, test.output, r.Detail.Output)
			}
		})
	}
}

func TestExecHidesItsSecrets(t *testing.T) {
	r := try(t, shell("echo the password is $PASSWORD; exit 2", ", environment: {PASSWORD: {file: "+secretFile(t, "hunter-two")+"}, SHOP: here}"))
	require.Equal(t, "exit status 2 (critical): the password is ***", r.Text)
	require.Equal(t, "the password is ***", r.Detail.Output)

	r = try(t, shell("echo 'fine |' $PASSWORD=1 load=2", ", environment: {PASSWORD: {file: "+secretFile(t, "hunter-two")+"}, SHOP: here}"))
	require.Equal(t, []Performance{{Label: "load", Value: 2}}, r.Performance, "a label that has the secret is left out")

	r = try(t, shell("true", ", environment: {PASSWORD: {file: /does/not/exist}}"))
	require.Equal(t, ReasonInternal, r.Reason)
	require.Contains(t, r.Text, "/does/not/exist")
}

func TestExecIsRunOnlyWhereItIsAllowed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ran")
	c, err := catalog.Parse("tocsin.yml", []byte("monitoring: {team: crew}\nteams: {crew: {channels: {github: {repository: example/crew}}}}\nservices:\n  shop:\n    team: crew\n    probes:\n      it: "+shell("touch "+file)+"\n"))
	require.NoError(t, err)
	b, err := NewBuilder(Options{}).New(c, c.Services["shop"].Probes["it"])
	require.NoError(t, err)
	r := b.Attempt(t.Context())
	require.Equal(t, ReasonInternal, r.Reason)
	require.Contains(t, r.Text, "--probe.enable-exec")
	require.NoFileExists(t, file)
}

// A command that hangs is ended with its children and grandchildren, and so is
// what a command leaves behind when it ends by itself.
func TestExecEndsTheWholeGroup(t *testing.T) {
	for _, test := range []struct{ name, script, text string }{
		{"hangs", "echo working; sleep 1000 & sh -c 'sleep 1000 & echo $! > %s/child; wait'", "timeout; the command was ended with everything that it started: working"},
		{"leaves something behind", "sleep 1000 & echo $! > %s/child; exit 2", "exit status 2 (critical); it wrote nothing"},
		{"ignores being asked", "trap '' TERM INT HUP; sleep 1000 & echo $! > %s/child; while :; do wait; done", "timeout; the command was ended with everything that it started; it wrote nothing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			r := try(t, shell(strings.ReplaceAll(test.script, "%s", folder)), time.Second)
			require.Equal(t, test.text, r.Text)
			written, err := os.ReadFile(filepath.Join(folder, "child"))
			require.NoError(t, err)
			child, err := strconv.Atoi(strings.TrimSpace(string(written)))
			require.NoError(t, err)
			require.Eventually(t, func() bool { return gone(child) }, time.Minute, 10*time.Millisecond, "process %d is still there", child)
		})
	}
}

// gone says that a process has ended, whether or not somebody has taken notice.
func gone(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || strings.Contains(string(stat), ") Z ")
}

func TestExecEndsWhenItIsNotNeededAnyMore(t *testing.T) {
	attempt, err := build(t, shell("sleep 1000"))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	require.Equal(t, "the command was ended: the probe is not needed any more", attempt(ctx).Text)
}

func TestPerformanceData(t *testing.T) {
	for _, test := range []struct {
		name, output, text string
		want               []Performance
	}{
		{name: "none", output: "OK\n", text: "OK"},
		{
			name: "of the guidelines", output: "PING ok - Packet loss = 0%, RTA = 0.80 ms | percent_packet_loss=0%;60;100;; rta=0.80ms;200;500;0;\n", text: "PING ok - Packet loss = 0%, RTA = 0.80 ms",
			want: []Performance{{"percent_packet_loss", "ratio", 0}, {"rta", "seconds", 0.0008}},
		},
		{name: "quoted labels", output: "DISK OK|'/var lib'=2643MB;5948 'it''s'=3c", text: "DISK OK", want: []Performance{{"/var lib", "bytes", 2643 << 20}, {"it's", "", 3}}},
		{name: "on more lines", output: "OK | a=1\nlong text\nmore | b=2\nc=3B", text: "OK", want: []Performance{{"a", "", 1}, {"b", "", 2}, {"c", "bytes", 3}}},
		{name: "undefined and broken", output: "OK | a=U b=1e3us c= =4 nonsense d=1,5s 'e", text: "OK", want: []Performance{{"b", "seconds", 1e-3}, {"d", "seconds", 1.5}}},
		{name: "twice the same", output: "OK | a=1 a=2", text: "OK", want: []Performance{{"a", "", 1}}},
		{name: "hostile", output: "OK | '\xff\x00\n\"=1 " + strings.Repeat("y", 1000) + "=2", text: "OK", want: nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := parsePlugin(test.output)
			require.Equal(t, test.text, p.text)
			require.InDeltaMapValues(t, values(test.want), values(p.performance), 1e-12)
			for _, d := range p.performance {
				require.LessOrEqual(t, len(d.Label), maxLabel)
			}
		})
	}
	var many strings.Builder
	for i := range 1000 {
		many.WriteString(" l" + strconv.Itoa(i) + "=1")
	}
	require.Len(t, parsePlugin("OK |"+many.String()).performance, maxPerformance)
}

func values(list []Performance) map[string]float64 {
	m := make(map[string]float64)
	for _, d := range list {
		m[d.Label+" in "+d.Unit] = d.Value
	}
	return m
}

func FuzzPerformanceData(f *testing.F) {
	f.Add("OK | a=1;2;3 'b c'=4ms\nmore | d=5%")
	f.Fuzz(func(t *testing.T, output string) {
		p := parsePlugin(output)
		require.LessOrEqual(t, len(p.performance), maxPerformance)
		for _, d := range p.performance {
			require.NotEmpty(t, d.Label)
			require.Equal(t, printable(d.Label), d.Label)
		}
	})
}
