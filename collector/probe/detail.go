package probe

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"net"
	"net/netip"
)

const (
	// maxAddresses bounds those that are shown of a name.
	maxAddresses = 16
	// maxChain bounds the certificates that are shown of a chain.
	maxChain = 10
	// maxNames bounds the names that are shown of a certificate.
	maxNames = 50
	// maxName bounds what is shown of a name in a certificate.
	maxName = 200
)

// resolvedTo is called with the addresses of a name, as package net has them.
func (t *trace) resolvedTo(addresses []net.IPAddr) {
	var list []netip.Addr
	for _, a := range addresses {
		if ip, ok := netip.AddrFromSlice(a.IP); ok {
			list = append(list, ip.Unmap())
		}
	}
	t.resolved(list)
}

// resolved is called with the addresses of a name.
func (t *trace) resolved(addresses []netip.Addr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	room := max(0, maxAddresses-len(t.addresses))
	t.addresses = append(t.addresses, addresses[:min(len(addresses), room)]...)
}

// detail is what people may want to see, or nil when there is nothing that a
// result does not say itself. The caller locks.
func (t *trace) detail() *Detail {
	if len(t.addresses) == 0 && len(t.chain) == 0 {
		return nil
	}
	d := new(Detail)
	for _, a := range t.addresses {
		d.Addresses = append(d.Addresses, a.String())
	}
	if d.Chain = t.shown; d.Chain == nil {
		d.Chain = certificatesOf(t.chain)
	}
	return d
}

// certificatesOf is a chain as it is shown.
func certificatesOf(chain []*x509.Certificate) []Certificate {
	var shown []Certificate
	for _, c := range chain[:min(len(chain), maxChain)] {
		shown = append(shown, certificateOf(c))
	}
	return shown
}

// describe is certificatesOf, remembered: a resumed session has the same chain
// as the last.
func (t *trust) describe(chain []*x509.Certificate) []Certificate {
	if len(chain) == 0 {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.leaf != chain[0] {
		t.leaf, t.shown = chain[0], certificatesOf(chain)
	}
	return t.shown
}

// certificateOf is what people look for in a certificate, fit to be shown: a
// hostile server chooses all of it.
func certificateOf(c *x509.Certificate) Certificate {
	sum := sha256.Sum256(c.Raw)
	shown := Certificate{
		Subject: bound(printable(c.Subject.String()), maxName), Issuer: bound(printable(c.Issuer.String()), maxName),
		NotBefore: c.NotBefore, NotAfter: c.NotAfter, Fingerprint: hex.EncodeToString(sum[:]),
	}
	for _, name := range c.DNSNames {
		shown.Names = append(shown.Names, bound(printable(name), maxName))
	}
	for _, ip := range c.IPAddresses {
		shown.Names = append(shown.Names, ip.String())
	}
	shown.Names = shown.Names[:min(len(shown.Names), maxNames)]
	return shown
}
