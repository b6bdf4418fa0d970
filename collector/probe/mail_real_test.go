package probe

import (
	"testing"

	"github.com/tocsin-monitoring/tocsin/test/servers"
)

func TestRealPostfix(t *testing.T) {
	cert, key := servers.Certificate(t, servers.Folder(t, ""), "")
	mail := servers.Postfix(t, "smtpd_tls_security_level = may\nsmtpd_tls_cert_file = "+cert+"\nsmtpd_tls_key_file = "+key)
	listed := servers.Postfix(t, "smtpd_client_restrictions = check_client_access inline:{ { 127.0.0.1 = 554 5.7.1 Service unavailable; Client host [127.0.0.1] blocked using zen.example.org } }")
	limited := servers.Postfix(t, "smtpd_client_connection_rate_limit = 1\nsmtpd_client_event_limit_exceptions =")
	tls := ", starttls: true, tls: {ca_file: " + cert + "}"
	for _, test := range []attempted{
		{name: "alive", spec: `{smtp: {address: "` + mail + `"}}`},
		{name: "over TLS", spec: `{smtp: {address: "` + mail + `"` + tls + `}}`},
		{name: "not trusted", spec: `{smtp: {address: "` + mail + `", starttls: true}}`, reason: ReasonTLS, text: "certificate signed by unknown authority"},
		{name: "a recipient", spec: `{smtp: {address: "` + mail + `", sender: probe@example.net, recipient: shop@example.org` + tls + `}}`},
		{name: "nobody", spec: `{smtp: {address: "` + mail + `", sender: probe@example.net, recipient: nobody@example.org` + tls + `}}`, reason: ReasonStatus, text: "the recipient: the server says \"550 5.1.1"},
		{name: "not theirs", spec: `{smtp: {address: "` + mail + `", sender: probe@example.net, recipient: shop@example.com` + tls + `}}`, reason: ReasonStatus, text: "Relay access denied"},
		{name: "on a list of theirs", spec: `{smtp: {address: "` + listed + `"}}`, reason: ReasonBlocked, text: `the server refuses us: "554 5.7.1 `},
		{name: "too often", spec: `{smtp: {address: "` + limited + `"}}`, reason: ReasonBlocked, text: "too many connections"},
		{name: "by tcp", spec: `{tcp: {address: "` + mail + `", starttls: smtp, tls: {ca_file: ` + cert + `}, dialogue: [{send: "EHLO tocsin.invalid\r\n", expect: "250 "}]}}`},
	} {
		test.run(t)
	}
}

func TestRealStartTLS(t *testing.T) {
	cert, key := servers.Certificate(t, servers.Folder(t, ""), "")
	imap, pop3 := servers.Dovecot(t, cert, key)
	ftp := servers.Vsftpd(t, cert, key)
	for _, protocol := range []struct{ name, address, dialogue string }{
		{"imap", imap, `{send: "a1 LOGIN probe hunter-two\r\n", expect_regexp: "a1 (OK|NO .*)"}`},
		{"pop3", pop3, `{send: "CAPA\r\n", expect: "SASL PLAIN"}`},
		{"ftp", ftp, `{send: "USER anonymous\r\n", expect: "331"}, {send: "PASS probe@\r\n", expect: "230"}`},
	} {
		for _, test := range []attempted{
			{name: "a dialogue", spec: `{tcp: {address: "` + protocol.address + `", starttls: ` + protocol.name + `, tls: {ca_file: ` + cert + `}, dialogue: [` + protocol.dialogue + `]}}`},
			{name: "a certificate", spec: `{tls: {address: "` + protocol.address + `", starttls: ` + protocol.name + `, ca_file: ` + cert + `}}`},
			{name: "not trusted", spec: `{tls: {address: "` + protocol.address + `", starttls: ` + protocol.name + `}}`, reason: ReasonTLS, text: "certificate signed by unknown authority"},
		} {
			test.name = protocol.name + ": " + test.name
			test.run(t)
		}
	}
}
