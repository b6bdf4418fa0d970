package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gosnmp/gosnmp"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// shortestPassword is what version 3 demands (RFC 3414, 11.2).
const shortestPassword = 8

// agent is what stays the same from attempt to attempt.
type agent struct {
	*dialogue
	spec *catalog.SNMPProbe
	oids []string
}

// newSNMP builds the kind snmp: one GET by version 2c (RFC 3416) or 3 (RFC
// 3414). Who has forgotten the agent's clock asks for it first.
func newSNMP(s site) (Func, error) {
	spec := s.probe.SNMP
	a := &agent{dialogue: newDialogue(s, "snmp", spec.Address, nil), spec: spec}
	for _, get := range spec.Get {
		a.oids = append(a.oids, "."+strings.TrimPrefix(get.OID, "."))
	}
	return a.run, nil
}

func (a *agent) run(ctx context.Context) Result {
	t := newTrace()
	client, err := a.client(t.context(ctx))
	if err == nil {
		err = client.Connect()
	}
	if err != nil {
		return t.fail(ctx, err)
	}
	socket := client.Conn
	defer func() { _ = socket.Close() }()
	defer context.AfterFunc(ctx, func() { _ = socket.Close() })()
	client.Conn = &bounded{Conn: socket, left: maxHeard}
	t.enter(FirstByte)
	var f findings
	err = a.get(client, &f)
	t.leave(FirstByte, err == nil)
	r := t.finish()
	if err != nil {
		r = t.fail(ctx, err)
	}
	r.Measures = f.measures
	return r
}

// client asks once: what is lost is asked again by the next attempt.
func (a *agent) client(ctx context.Context) (*gosnmp.GoSNMP, error) {
	host, port, _ := net.SplitHostPort(a.address)
	number, _ := strconv.ParseUint(port, 10, 16) // which the catalogue has looked at
	client := &gosnmp.GoSNMP{Target: host, Port: uint16(number), Context: ctx, Timeout: time.Minute, MaxOids: len(a.oids)}
	if deadline, is := ctx.Deadline(); is {
		client.Timeout = time.Until(deadline)
	}
	if a.spec.User != "" {
		return client, a.user(client)
	}
	community, err := a.password(a.spec.Community)
	client.Version, client.Community = gosnmp.Version2c, community
	if err == nil && len(community) > 127 { // which the library would cut
		err = ourFault{fmt.Errorf("%s holds a community of %d bytes, want at most 127", a.spec.Community.Path, len(community))}
	}
	return client, err
}

// user makes the client one of version 3.
func (a *agent) user(client *gosnmp.GoSNMP) error {
	model := &gosnmp.UsmSecurityParameters{UserName: a.spec.User, AuthenticationProtocol: hashOf(a.spec.Hash), PrivacyProtocol: gosnmp.NoPriv}
	client.Version, client.SecurityModel, client.MsgFlags = gosnmp.Version3, gosnmp.UserSecurityModel, gosnmp.AuthNoPriv
	client.SecurityParameters, client.ContextName = model, a.spec.Context
	var err error
	if model.AuthenticationPassphrase, err = a.longPassword(a.spec.Password); err != nil || a.spec.EncryptionPassword == nil {
		return err
	}
	client.MsgFlags, model.PrivacyProtocol = gosnmp.AuthPriv, cipherOf(a.spec.Cipher)
	model.PrivacyPassphrase, err = a.longPassword(a.spec.EncryptionPassword)
	return err
}

func (a *agent) longPassword(secret *catalog.Secret) (string, error) {
	password, err := a.password(secret)
	if err == nil && len(password) < shortestPassword {
		err = ourFault{fmt.Errorf("%s holds a password of fewer than %d characters, which version 3 does not allow", secret.Path, shortestPassword)}
	}
	return password, err
}

func hashOf(h catalog.SNMPHash) gosnmp.SnmpV3AuthProtocol {
	return map[catalog.SNMPHash]gosnmp.SnmpV3AuthProtocol{
		"md5": gosnmp.MD5, "sha-1": gosnmp.SHA, "sha-224": gosnmp.SHA224, "sha-256": gosnmp.SHA256, "sha-384": gosnmp.SHA384, "sha-512": gosnmp.SHA512,
	}[h]
}

func cipherOf(c catalog.SNMPCipher) gosnmp.SnmpV3PrivProtocol {
	return map[catalog.SNMPCipher]gosnmp.SnmpV3PrivProtocol{
		"des": gosnmp.DES, "aes": gosnmp.AES, "aes-192": gosnmp.AES192, "aes-256": gosnmp.AES256, "aes-192-c": gosnmp.AES192C, "aes-256-c": gosnmp.AES256C,
	}[c]
}

// get asks for all objects at once. Whether the answer is one to our question,
// the library does not look.
func (a *agent) get(client *gosnmp.GoSNMP, f *findings) error {
	answer, err := client.Get(a.oids)
	switch {
	case err != nil:
		return a.refusal(err)
	case answer.PDUType != gosnmp.GetResponse:
		return misfitf(ReasonProtocol, "the agent answers with what is no answer: %s", answer.PDUType)
	case answer.Error != gosnmp.NoError:
		return a.said("the agent refuses", answer.Error.String())
	case len(answer.Variables) != len(a.oids):
		return misfitf(ReasonProtocol, "the agent answers with %d objects, asked were %d", len(answer.Variables), len(a.oids))
	}
	for i, v := range answer.Variables {
		if v.Name != a.oids[i] {
			return misfitf(ReasonProtocol, "the agent answers with object %s, asked was %s", quote(v.Name), a.oids[i])
		}
		if err := a.judgeObject(f, i, v); err != nil {
			return err
		}
	}
	return nil
}

// judgeObject compares an object. The first is exported.
func (a *agent) judgeObject(f *findings, i int, v gosnmp.SnmpPDU) error {
	what := "object " + a.spec.Get[i].OID
	switch v.Type {
	case gosnmp.NoSuchObject, gosnmp.NoSuchInstance, gosnmp.EndOfMibView, gosnmp.Null:
		return misfitf(ReasonBody, "%s: there is none, or this user may not see it", what)
	}
	measures, err := judgeValue(what, a.secrets.redact(snmpText(v.Value)), a.spec.Get[i].Value)
	if i == 0 {
		f.measures = append(f.measures, measures...)
	}
	return err
}

// snmpText is a value as it is compared: a text as it is, everything else in
// numbers.
func snmpText(value any) string {
	if text, is := value.([]byte); is {
		return string(text)
	}
	return fmt.Sprint(value)
}

// refusal is the failure of an attempt. What the agent says of a user is its own
// word; everything else is the connection's.
func (a *agent) refusal(err error) error {
	for _, word := range []error{
		gosnmp.ErrUnknownUsername, gosnmp.ErrWrongDigest, gosnmp.ErrDecryption, gosnmp.ErrUnknownSecurityLevel,
		gosnmp.ErrNotInTimeWindow, gosnmp.ErrUnknownEngineID, gosnmp.ErrUnknownSecurityModels, gosnmp.ErrUnknownPDUHandlers,
	} {
		if errors.Is(err, word) {
			return a.said("logging in", word.Error())
		}
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return misfitf(ReasonConnect, "connecting to %s: connection refused", a.address)
	case strings.Contains(err.Error(), "not authentic"): // such as a report of a wrong digest, which is not signed
		return misfitf(ReasonStatus, "logging in: the agent's answer is not authentic (a wrong user, password or hash, or somebody else answers)")
	case strings.HasPrefix(err.Error(), "recover: "): // with a stack behind it
		return misfitf(ReasonProtocol, "the agent's answer cannot be read")
	}
	return err
}

func snmpHost(p *catalog.Probe) string { return p.SNMP.Address }
