package probe

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

func TestMain(m *testing.M) {
	if folder := os.Getenv(benchServer); folder != "" {
		if err := serveBench(folder); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// build makes the attempt of a probe as the catalogue writes it, in flow style.
func build(t testing.TB, spec string) (Func, error) {
	t.Helper()
	return buildWith(t, NewBuilder(Options{Exec: true}), spec)
}

// buildWith is build by a builder that others use too.
func buildWith(t testing.TB, builder *Builder, spec string) (Func, error) {
	t.Helper()
	c, p := parsed(t, spec)
	b, err := builder.New(c, p)
	return b.Attempt, err
}

// parsed is a probe as the catalogue writes it, in flow style; more are lines
// of the catalogue besides the services.
func parsed(t testing.TB, spec string, more ...string) (*catalog.Catalog, *catalog.Probe) {
	t.Helper()
	text := "monitoring: {team: crew}\nteams: {crew: {channels: {github: {repository: example/crew}}}}\n" + strings.Join(more, "\n") + "\nservices:\n  shop:\n    team: crew\n    probes:\n      it: " + spec + "\n"
	c, err := catalog.Parse(filepath.Join(t.TempDir(), "tocsin.yml"), []byte(text))
	require.NoError(t, err)
	return c, c.Services["shop"].Probes["it"]
}

// try makes one attempt of at most five seconds, or of timeout.
func try(t testing.TB, spec string, timeout ...time.Duration) Result {
	t.Helper()
	attempt, err := build(t, spec)
	require.NoError(t, err)
	limit := 5 * time.Second
	if len(timeout) > 0 {
		limit = timeout[0]
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	r := attempt(ctx)
	fit(t, r)
	return r
}

// fit checks what every result must be.
func fit(t testing.TB, r Result) {
	t.Helper()
	require.LessOrEqual(t, len(r.Text), MaxText)
	require.True(t, utf8.ValidString(r.Text))
	require.NotContains(t, r.Text, "\n")
	require.Equal(t, r.Outcome == Success, r.Reason == ReasonNone)
	require.Equal(t, r.Outcome == Success, r.Text == "", "text: %s", r.Text)
}

// raw is a TCP server that hands each connection to answer and closes it then.
func raw(t testing.TB, answer func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			answer(conn)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-ended
	})
	return l.Addr().String()
}

// refusing is an address that nobody listens on.
func refusing(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

// mute reads until the client goes away.
func mute(conn net.Conn) {
	buffer := make([]byte, 4096)
	for {
		if _, err := conn.Read(buffer); err != nil {
			return
		}
	}
}

func secretFile(t testing.TB, value string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(name, []byte(value+"\n"), 0o600))
	return name
}

func TestKindsCoverTheCatalogue(t *testing.T) {
	for _, k := range Kinds() {
		require.NotNil(t, k.build, k.Name)
		require.Contains(t, k.Reasons, ReasonInternal, k.Name)
		require.NotContains(t, k.Reasons, ReasonNone, k.Name)
	}
	for _, kind := range catalog.ProbeKinds() {
		require.True(t, slices.ContainsFunc(Kinds(), func(k Kind) bool { return k.Name == kind }), "the catalogue has the kind %s", kind)
	}
	require.Len(t, Kinds(), len(catalog.ProbeKinds()))
}

func TestTCP(t *testing.T) {
	open := raw(t, func(net.Conn) {})
	r := try(t, `{tcp: {address: "`+open+`"}}`)
	require.Equal(t, Success, r.Outcome)
	require.Equal(t, open, r.Address)
	require.Positive(t, r.Phases[Connect])

	closed := refusing(t)
	r = try(t, `{tcp: {address: "`+closed+`"}}`)
	require.Equal(t, ReasonConnect, r.Reason)
	require.Equal(t, "connecting to "+closed+": connection refused", r.Text)

	r = try(t, `{tcp: {address: "does-not-exist.invalid:80"}}`)
	require.Contains(t, []Reason{ReasonDNS, ReasonTimeout}, r.Reason, r.Text)
	require.Contains(t, r.Text, "resolving")
}

func TestTextsAreFitToBeShown(t *testing.T) {
	s := new(secrets)
	s.conceal("use", `p4ss"w&rd`)
	for _, test := range []struct{ name, text, want string }{
		{"plain", "status 500, want 2xx", "status 500, want 2xx"},
		{"lines and controls", "a\n\t b\x00c\x1b[31md\r\n", "a b?c?[31md"},
		{"not UTF-8", "a\xff\xfeb", "a??b"},
		{"a bidirectional override", "a\u202eb", "a?b"},
		{"a secret", `found p4ss"w&rd here`, "found *** here"},
		{"a secret in a form", "p4ss%22w%26rd", "***"},
		{"a secret in JSON", `{"password":"p4ss\"w\u0026rd"}`, `{"password":"***"}`},
		{"a secret in HTML", "p4ss&#34;w&amp;rd", "***"},
		{"a secret in base64", "cDRzcyJ3JnJk", "***"},
	} {
		t.Run(test.name, func(t *testing.T) { require.Equal(t, test.want, s.clean(test.text)) })
	}
	long := s.clean(strings.Repeat("ü", 1000))
	require.LessOrEqual(t, len(long), MaxText)
	require.True(t, utf8.ValidString(long))
	require.True(t, strings.HasSuffix(long, "…"))
}

func TestASecretIsFollowedWhenItRotatesAndSurvivesAMoment(t *testing.T) {
	name := secretFile(t, "first")
	s := new(secrets)
	text := catalog.Text{File: &catalog.Secret{Path: name}}
	value, err := s.read(text)
	require.NoError(t, err)
	require.Equal(t, "first", value)
	require.NoError(t, os.WriteFile(name, []byte("second"), 0o600))
	value, err = s.read(text)
	require.NoError(t, err)
	require.Equal(t, "second", value)
	require.NoError(t, os.Remove(name))
	value, err = s.read(text)
	require.NoError(t, err)
	require.Equal(t, "second", value)
	require.Equal(t, "*** and ***", s.clean("first and second"))
	_, err = new(secrets).read(text)
	require.Error(t, err)
}

func TestReferences(t *testing.T) {
	web := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	name := resolver(t, "udp", nil)
	for _, test := range []struct {
		address string
		want    Outcome
	}{
		{web.URL, Success},
		{"tcp://" + web.Listener.Addr().String(), Success},
		{"tcp://" + refusing(t), Failure},
		{"http://" + refusing(t), Failure},
		{"dns://" + name + "/shop.example.org", Success},
		{"dns://" + name + "/nowhere.example.org", Failure},
	} {
		t.Run(test.address, func(t *testing.T) {
			attempt, err := NewReference(test.address)
			require.NoError(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			r := attempt(ctx)
			require.Equal(t, test.want, r.Outcome, r.Text)
		})
	}
	_, err := NewReference("ftp://example.org")
	require.EqualError(t, err, `reference "ftp://example.org": want http://, https://, tcp://host:port or dns://resolver/name`)
}

// timeout is the test's context with a deadline.
func timeout(t testing.TB, after time.Duration) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), after)
}
