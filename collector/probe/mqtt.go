package probe

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	mqtt "github.com/mochi-mqtt/server/v2/packets"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

const (
	// maxMQTTPacket bounds a packet of a broker.
	maxMQTTPacket = 256 << 10
	// mqttKeepAlive is in seconds; longer than any attempt.
	mqttKeepAlive = 600
	mqttRefused   = 0x80 // reason codes from here on are refusals
)

// mqttServer is what stays the same from attempt to attempt.
type mqttServer struct {
	*dialogue
	spec    *catalog.MQTTProbe
	version byte // of the protocol, as it is written
}

// newMQTT builds the kind mqtt: a login and a ping, or a message that comes
// back.
func newMQTT(s site) (Func, error) {
	spec := s.probe.MQTT
	m := &mqttServer{dialogue: newDialogue(s, "mqtt", spec.Address, spec.TLS), spec: spec, version: 4}
	if spec.Version == "5" {
		m.version = 5
	}
	return func(ctx context.Context) Result { return m.run(ctx, m.talk) }, nil
}

func (m *mqttServer) talk(_ context.Context, l *line) error {
	if err := m.login(l); err != nil {
		return err
	}
	if err := m.send(l, mqtt.Packet{FixedHeader: mqtt.FixedHeader{Type: mqtt.Pingreq}}, (*mqtt.Packet).PingreqEncode); err != nil {
		return err
	}
	if _, err := m.expect(l, mqtt.Pingresp, nil); err != nil {
		return err
	}
	if m.spec.Topic != "" {
		if err := m.roundTrip(l); err != nil {
			return err
		}
	}
	// The broker drops the session; whether it hears us does not matter.
	_ = m.send(l, mqtt.Packet{FixedHeader: mqtt.FixedHeader{Type: mqtt.Disconnect}}, (*mqtt.Packet).DisconnectEncode)
	return nil
}

func (m *mqttServer) login(l *line) error {
	password, err := m.password(m.spec.Password)
	if err != nil {
		return err
	}
	hello := mqtt.Packet{FixedHeader: mqtt.FixedHeader{Type: mqtt.Connect}, Connect: mqtt.ConnectParams{
		ProtocolName: []byte("MQTT"), Clean: true, Keepalive: mqttKeepAlive, ClientIdentifier: ourName + rand.Text()[:16],
		UsernameFlag: m.spec.User != "", Username: []byte(m.spec.User),
		PasswordFlag: password != "", Password: []byte(password),
	}}
	if err := m.send(l, hello, (*mqtt.Packet).ConnectEncode); err != nil {
		return err
	}
	answer, err := m.expect(l, mqtt.Connack, (*mqtt.Packet).ConnackDecode)
	if err != nil {
		return err
	}
	if answer.ReasonCode != 0 {
		return m.said("logging in", mqttReason(answer))
	}
	return nil
}

// roundTrip subscribes to the topic, sends a message to it and waits for it.
// Messages of others are passed over.
func (m *mqttServer) roundTrip(l *line) error {
	subscribe := mqtt.Packet{
		FixedHeader: mqtt.FixedHeader{Type: mqtt.Subscribe, Qos: 1}, PacketID: 1,
		Filters: mqtt.Subscriptions{{Filter: m.spec.Topic}},
	}
	if err := m.send(l, subscribe, (*mqtt.Packet).SubscribeEncode); err != nil {
		return err
	}
	answer, err := m.expect(l, mqtt.Suback, (*mqtt.Packet).SubackDecode)
	if err != nil {
		return err
	}
	if len(answer.ReasonCodes) != 1 || answer.ReasonCodes[0] >= mqttRefused {
		return misfitf(ReasonStatus, "subscribing to %s: the server refuses (codes %x)", quote(m.spec.Topic), answer.ReasonCodes)
	}
	message := mqtt.Packet{FixedHeader: mqtt.FixedHeader{Type: mqtt.Publish}, TopicName: m.spec.Topic, Payload: []byte(ourName + " " + rand.Text())}
	if err := m.send(l, message, (*mqtt.Packet).PublishEncode); err != nil {
		return err
	}
	for {
		answer, err := m.expect(l, mqtt.Publish, (*mqtt.Packet).PublishDecode)
		if err != nil {
			return err
		}
		if answer.TopicName == m.spec.Topic && bytes.Equal(answer.Payload, message.Payload) {
			return nil
		}
	}
}

func (m *mqttServer) send(l *line, p mqtt.Packet, encode func(*mqtt.Packet, *bytes.Buffer) error) error {
	p.ProtocolVersion = m.version
	var b bytes.Buffer
	if err := encode(&p, &b); err != nil {
		return ourFault{fmt.Errorf("writing a packet: %w", err)}
	}
	_, err := l.conn.Write(b.Bytes())
	return err
}

// expect reads the next packet of a kind. Messages that come in between are
// passed over; a goodbye is the server's own word.
func (m *mqttServer) expect(l *line, kind byte, decode func(*mqtt.Packet, []byte) error) (mqtt.Packet, error) {
	for {
		p, body, err := m.receive(l)
		switch {
		case err != nil:
			return p, err
		case p.FixedHeader.Type == mqtt.Disconnect && m.version == 5:
			if err := p.DisconnectDecode(body); err != nil {
				return p, misfitf(ReasonProtocol, "the server sent a goodbye that cannot be read: %v", err)
			}
			return p, m.said("goodbye", mqttReason(p))
		case p.FixedHeader.Type == mqtt.Publish && kind != mqtt.Publish:
			continue
		case p.FixedHeader.Type != kind:
			return p, misfitf(ReasonProtocol, "the server sent a packet %s, want %s", mqttName(p.FixedHeader.Type), mqttName(kind))
		case decode == nil:
			return p, nil
		}
		if err := decode(&p, body); err != nil {
			return p, misfitf(ReasonProtocol, "the server sent a packet %s that cannot be read: %v", mqttName(kind), err)
		}
		return p, nil
	}
}

// receive reads a packet's head, and its body as it is.
func (m *mqttServer) receive(l *line) (mqtt.Packet, []byte, error) {
	p := mqtt.Packet{ProtocolVersion: m.version}
	first, err := l.in.ReadByte()
	if err != nil {
		return p, nil, err
	}
	if err := p.FixedHeader.Decode(first); err != nil {
		return p, nil, misfitf(ReasonProtocol, "the server does not speak MQTT: it begins with %#x", first)
	}
	length, _, err := mqtt.DecodeLength(l.in)
	if err != nil {
		if _, is := errors.AsType[mqtt.Code](err); is {
			return p, nil, misfitf(ReasonProtocol, "the server does not speak MQTT: %v", err)
		}
		return p, nil, err
	}
	p.FixedHeader.Remaining = length
	body, err := l.read(length, maxMQTTPacket)
	return p, body, err
}

// mqttReason is a refusal's code, and its reason as far as it is told.
func mqttReason(p mqtt.Packet) string {
	text := fmt.Sprintf("code %d", p.ReasonCode)
	if p.ProtocolVersion < 5 {
		return text + because(map[byte]string{1: "unacceptable protocol version", 2: "client identifier rejected", 3: "server unavailable", 4: "bad user name or password", 5: "not authorized"}[p.ReasonCode])
	}
	return text + because(p.Properties.ReasonString)
}

func mqttName(kind byte) string {
	if name, known := mqtt.PacketNames[kind]; known {
		return name
	}
	return fmt.Sprint(kind)
}

func mqttHost(p *catalog.Probe) string { return p.MQTT.Address }
