package probe

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/xdg-go/scram"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// maxKafka bounds a broker's answer: enough for a topic of 5,000 partitions.
// What is read of it takes up to 200 times as much while it is looked at.
const maxKafka = 256 << 10

// kafkaConn is a connection to a broker, whose versions are known. The protocol
// is that of https://kafka.apache.org/protocol.
type kafkaConn struct {
	*line
	versions map[int16]kmsg.ApiVersionsResponseApiKey
	asked    int32
}

// kafkaVersions are those that we speak, by the request's key: the first that
// does what is needed, and the last before requests have tagged fields.
func kafkaVersions() map[int16][2]int16 {
	return map[int16][2]int16{
		kmsg.Metadata.Int16():         {4, 8}, // makes no topic
		kmsg.SASLHandshake.Int16():    {1, 1},
		kmsg.SASLAuthenticate.Int16(): {0, 1},
		kmsg.FindCoordinator.Int16():  {1, 2},
		kmsg.OffsetFetch.Int16():      {2, 5},
		kmsg.ListOffsets.Int16():      {1, 5},
		kmsg.ApiVersions.Int16():      {0, 0},
	}
}

// login asks which versions the broker speaks, and logs in where a user is named.
func (k *kafkaCluster) login(l *line) (*kafkaConn, error) {
	c := &kafkaConn{line: l}
	answer := kmsg.NewPtrApiVersionsResponse()
	if err := c.ask(kmsg.NewPtrApiVersionsRequest(), answer); err != nil {
		return nil, err
	}
	if err := k.refusal("asking for the versions", answer.ErrorCode); err != nil {
		return nil, err
	}
	c.versions = make(map[int16]kmsg.ApiVersionsResponseApiKey)
	for _, v := range answer.ApiKeys {
		c.versions[v.ApiKey] = v
	}
	if k.spec.User == "" {
		return c, nil
	}
	return c, k.authenticate(c)
}

// ask sends a request in a version that both speak, and reads its answer.
func (c *kafkaConn) ask(request kmsg.Request, answer kmsg.Response) error {
	ours := kafkaVersions()[request.Key()]
	first, last := ours[0], ours[1]
	if c.versions != nil {
		theirs, known := c.versions[request.Key()]
		first, last = max(first, theirs.MinVersion), min(last, theirs.MaxVersion)
		if !known || first > last {
			return misfitf(ReasonProtocol, "the server speaks the versions %d to %d of %s, want one of %d to %d", theirs.MinVersion, theirs.MaxVersion, kmsg.NameForKey(request.Key()), ours[0], ours[1])
		}
	}
	request.SetVersion(last)
	answer.SetVersion(last)
	c.asked++
	if _, err := c.conn.Write(kmsg.NewRequestFormatter(kmsg.FormatterClientID(ourName)).AppendRequest(nil, request, c.asked)); err != nil {
		return err
	}
	return c.answer(answer)
}

// answer reads what belongs to the last request.
func (c *kafkaConn) answer(answer kmsg.Response) error {
	const number = 4
	head, err := c.read(number, number)
	if err != nil {
		return err
	}
	if head[0] == 0x15 && head[1] == 3 { // an alert of TLS
		return misfitf(ReasonTLS, "the server wants TLS (want tls: {} in the probe)")
	}
	body, err := c.read(int(int32(binary.BigEndian.Uint32(head))), maxKafka) //nolint:gosec // the protocol's lengths have a sign
	if err != nil {
		return err
	}
	if len(body) < number || binary.BigEndian.Uint32(body) != uint32(c.asked) { //nolint:gosec // counts from 1
		return misfitf(ReasonProtocol, "the server does not speak the protocol of Kafka: it answers what was not asked")
	}
	if err := answer.ReadFrom(body[number:]); err != nil {
		return misfitf(ReasonProtocol, "the server sends an answer that cannot be read")
	}
	return nil
}

// refusal is the server's own word for a code, or nil for none.
func (k *kafkaCluster) refusal(what string, code int16) error {
	if code == 0 {
		return nil
	}
	said := kerr.TypedErrorForCode(code)
	return k.said(what, said.Message+" ("+strings.TrimSuffix(said.Description, ".")+")")
}

// authenticate logs in by the mechanism that the catalogue names, and by no
// weaker one that a server might ask for.
func (k *kafkaCluster) authenticate(c *kafkaConn) error {
	password, err := k.password(k.spec.Password)
	if err != nil {
		return err
	}
	request, answer := kmsg.NewPtrSASLHandshakeRequest(), kmsg.NewPtrSASLHandshakeResponse()
	request.Mechanism = strings.ToUpper(k.spec.Mechanism)
	if err := c.ask(request, answer); err != nil {
		return err
	}
	if answer.ErrorCode == kerr.UnsupportedSaslMechanism.Code {
		return misfitf(ReasonStatus, "logging in: the server offers %s, want %s", quote(strings.Join(answer.SupportedMechanisms, ", ")), request.Mechanism)
	}
	if err := k.refusal("logging in", answer.ErrorCode); err != nil {
		return err
	}
	if k.spec.Mechanism == catalog.SASLPlain {
		said := "\x00" + k.spec.User + "\x00" + password
		k.secrets.conceal("login", said)
		_, err := k.step(c, said)
		return err
	}
	return k.scram(c, password)
}

// scram is a conversation of RFC 5802, in which the server proves that it knows
// the user too.
func (k *kafkaCluster) scram(c *kafkaConn, password string) error {
	hash := scram.SHA512
	if k.spec.Mechanism == catalog.SASLScramSHA256 {
		hash = scram.SHA256
	}
	client, err := hash.NewClient(k.spec.User, password, "")
	if err != nil {
		return ourFault{err}
	}
	talk := client.NewConversation()
	said, _ := talk.Step("") // the first step cannot go wrong
	for !talk.Done() {
		answer, err := k.step(c, said)
		if err != nil {
			return err
		}
		if tooMuchWork(answer) {
			return misfitf(ReasonProtocol, "logging in: the server asks for more than %d rounds of hashing", maxIterations)
		}
		if said, err = talk.Step(answer); err != nil {
			return misfitf(ReasonProtocol, "logging in: the server does not prove that it knows the user")
		}
	}
	return nil
}

// step is one message of a login and its answer.
func (k *kafkaCluster) step(c *kafkaConn, said string) (string, error) {
	request, answer := kmsg.NewPtrSASLAuthenticateRequest(), kmsg.NewPtrSASLAuthenticateResponse()
	request.SASLAuthBytes = []byte(said)
	if err := c.ask(request, answer); err != nil {
		if errors.Is(err, io.EOF) {
			err = misfitf(ReasonStatus, "logging in: the server closed the connection, as it does when the user or the password is wrong")
		}
		return "", err
	}
	if answer.ErrorCode != 0 && answer.ErrorMessage != nil && *answer.ErrorMessage != "" {
		return "", k.said("logging in", *answer.ErrorMessage)
	}
	return string(answer.SASLAuthBytes), k.refusal("logging in", answer.ErrorCode)
}
