// Command target answers what benchmarks ask: 2 KB by HTTP and by HTTPS with
// HTTP/2, and by ports that take connections and never say anything.
//
// test/bench/lab starts it in a process of its own, so that its processor time
// is not counted, and reads where it listens from the one line it prints. It
// ends when its standard input does, so that it outlives no benchmark.
package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"time"
)

// size is that of an answer's body.
const size = 2 << 10

// Places are where the target listens.
type Places struct {
	HTTP, HTTPS string
	Hang        []string // as many as there would be machines
}

// hanging is the number of ports that never answer.
const hanging = 20

func main() {
	authority := flag.String("ca", "", "file for the certificate of the authority")
	flag.Parse()
	if err := run(*authority, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "target:", err)
		os.Exit(1)
	}
}

func run(authority string, stdin io.Reader, stdout io.Writer) error {
	certificate, err := certify(authority)
	if err != nil {
		return err
	}
	var listeners [2 + hanging]net.Listener
	for i := range listeners {
		if listeners[i], err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return err
		}
	}
	body := bytes.Repeat([]byte("Find a school. "), size/15+1)[:size]
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(body)
	})
	// Two, because one that has begun without TLS never learns HTTP/2.
	plain, secure := newServer(answer), newServer(answer)
	secure.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	go func() { _ = plain.Serve(listeners[0]) }()
	go func() { _ = secure.ServeTLS(listeners[1], "", "") }()
	places := Places{HTTP: listeners[0].Addr().String(), HTTPS: listeners[1].Addr().String()}
	for _, l := range listeners[2:] {
		go swallow(l)
		places.Hang = append(places.Hang, l.Addr().String())
	}
	if err := json.NewEncoder(stdout).Encode(places); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, stdin)
	err = errors.Join(plain.Close(), secure.Close())
	for _, l := range listeners[2:] {
		err = errors.Join(err, l.Close())
	}
	return err
}

func newServer(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
}

// swallow takes connections and keeps them until the other side is tired.
func swallow(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			_, _ = io.Copy(io.Discard, conn)
			_ = conn.Close()
		}()
	}
}

// certify makes an authority and a certificate of 127.0.0.1, and writes the
// authority's into a file.
func certify(path string) (tls.Certificate, error) {
	root, rootKey, err := sign(&x509.Certificate{Subject: pkix.Name{CommonName: "Benchmark authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, nil, nil)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, key, err := sign(&x509.Certificate{Subject: pkix.Name{CommonName: "127.0.0.1"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature}, root, rootKey)
	if err != nil {
		return tls.Certificate{}, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw})
	return tls.Certificate{Certificate: [][]byte{leaf.Raw, root.Raw}, PrivateKey: key}, os.WriteFile(path, text, 0o600)
}

func sign(template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	if parent == nil {
		parent, parentKey = template, key
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	if err != nil {
		return nil, nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return certificate, key, err
}
