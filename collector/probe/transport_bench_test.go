package probe

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// cpu is the processor time of this process.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// benchServer says that this process is the server of a benchmark: the folder
// for its certificate and its addresses.
const benchServer = "TOCSIN_BENCH_SERVER"

// serveBench answers 2 KB until its input ends: over HTTP, HTTPS, and HTTPS
// with HTTP/2.
func serveBench(folder string) error {
	end := time.Now().Add(time.Hour)
	cert, ca, err := selfSigned(end)
	if err != nil {
		return err
	}
	body := bytes.Repeat([]byte("x"), 2048)
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
	plain, secure, second := httptest.NewServer(handler), httptest.NewUnstartedServer(handler), httptest.NewUnstartedServer(handler)
	for _, s := range []*httptest.Server{secure, second} {
		s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
		s.EnableHTTP2 = s == second
		s.StartTLS()
	}
	if err := os.WriteFile(filepath.Join(folder, "ca.pem"), ca, 0o600); err != nil {
		return err
	}
	fmt.Println(plain.URL, secure.URL, second.URL)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// startBench starts the server as a process of its own, so that its time is
// not counted, and returns its addresses and the certificate's file.
func startBench(b *testing.B) (urls []string, file string) {
	b.Helper()
	folder := b.TempDir()
	cmd := exec.CommandContext(b.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), benchServer+"="+folder)
	in, err := cmd.StdinPipe()
	require.NoError(b, err)
	out, err := cmd.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(b, err)
	b.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	return strings.Fields(line), filepath.Join(folder, "ca.pem")
}

// BenchmarkHTTP compares an attempt with a loop of net/http that only makes
// the request, over a connection of its own each time.
func BenchmarkHTTP(b *testing.B) {
	urls, file := startBench(b)
	pem, err := os.ReadFile(file)
	require.NoError(b, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	for i, name := range []string{"http", "https", "https-http2"} {
		b.Run(name+"/bare", func(b *testing.B) {
			client := &http.Client{Transport: &http.Transport{
				DisableKeepAlives: true, ForceAttemptHTTP2: true,
				TLSClientConfig: &tls.Config{RootCAs: roots}, DialContext: new(net.Dialer).DialContext,
			}}
			measure(b, func() {
				resp, err := client.Get(urls[i])
				require.NoError(b, err)
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			})
		})
		b.Run(name+"/probe", func(b *testing.B) {
			attempt, err := build(b, "{http: {url: "+urls[i]+", ca_file: "+file+"}}")
			require.NoError(b, err)
			measure(b, func() {
				r := attempt(b.Context())
				require.Equal(b, Success, r.Outcome, r.Text)
			})
		})
	}
}

func measure(b *testing.B, do func()) {
	b.Helper()
	b.ReportAllocs()
	before := cpu(b)
	for b.Loop() {
		do()
	}
	b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
}
