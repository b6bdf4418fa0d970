package probe

import (
	"crypto"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/test/servers"
)

// signedZone is a zone file whose every record is signed, and its key. The
// signatures of lies are of something else.
func signedZone(t testing.TB, origin string, records, lies []string) (zone, anchor string) {
	t.Helper()
	key := &dns.DNSKEY{
		Hdr:   dns.RR_Header{Name: origin, Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET, Ttl: 60},
		Flags: 257, Protocol: 3, Algorithm: dns.ECDSAP256SHA256,
	}
	private, err := key.Generate(256)
	require.NoError(t, err)
	var file strings.Builder
	add := func(record, of dns.RR) {
		signature := &dns.RRSIG{
			Hdr: dns.RR_Header{Ttl: 60}, Algorithm: key.Algorithm, KeyTag: key.KeyTag(), SignerName: origin,
			Inception: uint32(time.Now().Add(-time.Hour).Unix()), Expiration: uint32(time.Now().Add(time.Hour).Unix()),
		}
		require.NoError(t, signature.Sign(private.(crypto.Signer), []dns.RR{of}))
		fmt.Fprintln(&file, record)
		fmt.Fprintln(&file, signature)
	}
	add(key, key)
	for i, text := range append(records, lies...) {
		record, err := dns.NewRR(text)
		require.NoError(t, err)
		of := dns.Copy(record)
		if i >= len(records) {
			of.(*dns.A).A[3]++
		}
		add(record, of)
	}
	return file.String(), key.String()
}

func TestRealUnboundValidates(t *testing.T) {
	folder := servers.Folder(t, "")
	cert, key := servers.Certificate(t, folder, "")
	const soa = " 60 IN SOA ns.example.org. post.example.org. 1 3600 600 86400 60"
	zone, anchor := signedZone(t, "example.org.",
		[]string{"example.org." + soa, "example.org. 60 IN NS ns.example.org.", "ns.example.org. 60 IN A 192.0.2.53", "shop.example.org. 60 IN A 192.0.2.1"},
		[]string{"forged.example.org. 60 IN A 192.0.2.2"})
	plain := "example.net." + soa + "\nexample.net. 60 IN NS ns.example.net.\nns.example.net. 60 IN A 192.0.2.53\nshop.example.net. 60 IN A 192.0.2.3\n"
	section := func(name, file string) string {
		return fmt.Sprintf("auth-zone:\n name: %q\n zonefile: %q\n for-downstream: no\n for-upstream: yes\n fallback-enabled: no\n", name, file)
	}
	server, secure := servers.Unbound(t, cert, key, " trust-anchor: '"+strings.ReplaceAll(anchor, "\t", " ")+"'",
		section("example.org", servers.Write(t, folder, "org.zone", zone, ""))+section("example.net", servers.Write(t, folder, "net.zone", plain, "")))
	for protocol, at := range map[string]string{"udp": server, "tcp": server, "tls": secure} {
		more := `, protocol: ` + protocol + `, server: "` + at + `"`
		if protocol == "tls" {
			more += ", tls: {ca_file: " + cert + "}"
		}
		for _, test := range []attempted{
			{name: "signed", spec: `{dns: {name: shop.example.org, dnssec: true, answers: [192.0.2.1]` + more + `}}`},
			{name: "not signed", spec: `{dns: {name: shop.example.net, answers: [192.0.2.3]` + more + `}}`},
			{name: "not signed, though it should be", spec: `{dns: {name: shop.example.net, dnssec: true` + more + `}}`, reason: ReasonBody, text: "the resolver does not say that it validated the answer (bit AD)"},
			{name: "forged", spec: `{dns: {name: forged.example.org` + more + `}}`, reason: ReasonStatus, text: "forged.example.org A: answer SERVFAIL, want NOERROR"},
			{name: "forged, and known to be", spec: `{dns: {name: forged.example.org, rcode: SERVFAIL` + more + `}}`},
		} {
			test.name = protocol + ": " + test.name
			test.run(t)
		}
	}
	attempted{name: "not trusted", spec: `{dns: {name: shop.example.org, protocol: tls, server: "` + secure + `"}}`, reason: ReasonTLS, text: "certificate signed by unknown authority"}.run(t)
}
