// Command bare is the measure of cost: a loop of net/http that makes the
// requests which a prober would make, each over a connection of its own, and
// does nothing else: no check, no timing, no metric, no timeout. With -ping it
// sends echo requests instead, and reads each answer before it sends the next.
//
// test/bench/cost and test/bench/icmp run it beside the exporter. It answers each line on its
// standard input with the number of requests that have ended well and of those
// that have not, and ends with its input.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

func main() {
	url := flag.String("url", "", "what is asked; the number of the target is appended")
	targets := flag.Int("targets", 1000, "how many targets")
	interval := flag.Duration("interval", 5*time.Second, "how often each is asked")
	authority := flag.String("ca", "", "file of the certificate authority")
	http2 := flag.Bool("http2", false, "take HTTP/2 where the server offers it")
	address := flag.String("ping", "", "the IPv4 address that is pinged instead")
	flag.Parse()
	client, err := newClient(*authority, *http2)
	var socket *pinger
	if *address != "" && err == nil {
		socket, err = newPinger(*address)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bare:", err)
		os.Exit(1)
	}
	var good, bad atomic.Int64
	if socket != nil {
		go socket.ping(*interval/time.Duration(*targets), &good, &bad)
	} else {
		go ask(client, *url, *targets, *interval, &good, &bad)
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		fmt.Println(good.Load(), bad.Load())
	}
}

func newClient(authority string, http2 bool) (*http.Client, error) {
	transport := &http.Transport{DisableKeepAlives: true, ForceAttemptHTTP2: http2}
	if authority != "" {
		text, err := os.ReadFile(authority)
		if err != nil {
			return nil, err
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(text)
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{Transport: transport}, nil
}

// ask makes the requests, spread evenly over the interval.
func ask(client *http.Client, url string, targets int, interval time.Duration, good, bad *atomic.Int64) {
	addresses := make([]string, targets)
	for i := range addresses {
		addresses[i] = fmt.Sprint(url, i)
	}
	gap := interval / time.Duration(targets)
	for next, i := time.Now(), 0; ; next, i = next.Add(gap), (i+1)%targets {
		time.Sleep(time.Until(next))
		go func() {
			if get(client, addresses[i]) {
				good.Add(1)
			} else {
				bad.Add(1)
			}
		}()
	}
}

func get(client *http.Client, address string) bool {
	resp, err := client.Get(address) //nolint:noctx // a context is one of the things that the bare loop does without
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return err == nil && resp.StatusCode == http.StatusOK
}
