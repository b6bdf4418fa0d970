package probe

import (
	"context"
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/xdg-go/scram"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

const (
	// maxMongo bounds a server's message. Messages are those of
	// https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/.
	maxMongo  = 1 << 20
	mongoHead = 16
	mongoOp   = 2013 // OP_MSG
	// maxIterations bounds the work that a server may ask of us to log in.
	maxIterations = 200_000
)

// mongoServer is what stays the same from attempt to attempt.
type mongoServer struct {
	*dialogue
	spec *catalog.MongoDBProbe
}

// newMongoDB builds the kind mongodb: a login, a ping, and a collection's count.
func newMongoDB(s site) (Func, error) {
	spec := s.probe.MongoDB
	m := &mongoServer{dialogue: newDialogue(s, "mongodb", spec.Address, spec.TLS), spec: spec}
	return func(ctx context.Context) Result { return m.run(ctx, m.talk) }, nil
}

func (m *mongoServer) talk(_ context.Context, l *line) error {
	if _, err := m.command(l, "hello", "admin", bsoncore.NewDocumentBuilder().AppendInt32("hello", 1)); err != nil {
		return err
	}
	if m.spec.User != "" {
		if err := m.login(l); err != nil {
			return err
		}
	}
	if _, err := m.command(l, "ping", "admin", bsoncore.NewDocumentBuilder().AppendInt32("ping", 1)); err != nil {
		return err
	}
	if m.spec.Collection != "" {
		if err := m.count(l); err != nil {
			return err
		}
	}
	if m.spec.Replication == nil {
		return nil
	}
	status, err := m.command(l, "replication", "admin", bsoncore.NewDocumentBuilder().AppendInt32("replSetGetStatus", 1))
	if err != nil {
		return err
	}
	return l.judgeReplication(mongoReplicas(status), m.spec.Replication)
}

// count asks for the number of documents as the collection's own records have
// it, which costs nothing.
func (m *mongoServer) count(l *line) error {
	database, name, _ := strings.Cut(m.spec.Collection, ".")
	what := "collection " + quote(m.spec.Collection)
	answer, err := m.command(l, what, database, bsoncore.NewDocumentBuilder().AppendString("count", name))
	if err != nil {
		return err
	}
	n, ok := answer.Lookup("n").AsInt64OK()
	if !ok {
		return misfitf(ReasonProtocol, "%s: the server answers without a number", what)
	}
	return l.judge(what+": documents", strconv.FormatInt(n, 10), m.spec.Value)
}

// login is a conversation of SCRAM-SHA-256 (RFC 7677).
func (m *mongoServer) login(l *line) error {
	password, err := m.password(m.spec.Password)
	if err != nil {
		return err
	}
	client, err := scram.SHA256.NewClient(m.spec.User, password, "")
	if err != nil {
		return ourFault{err}
	}
	talk := client.NewConversation()
	said, _ := talk.Step("") // the first step cannot go wrong
	next := bsoncore.NewDocumentBuilder().AppendInt32("saslStart", 1).AppendString("mechanism", "SCRAM-SHA-256")
	for {
		answer, err := m.command(l, "logging in", m.spec.AuthDatabase, next.AppendBinary("payload", 0, []byte(said)))
		if err != nil {
			return err
		}
		done, _ := answer.Lookup("done").BooleanOK()
		_, payload, ok := answer.Lookup("payload").BinaryOK()
		if !ok || tooMuchWork(string(payload)) {
			return misfitf(ReasonProtocol, "logging in: the server does not speak SCRAM-SHA-256")
		}
		switch {
		case done && talk.Valid():
			return nil
		case talk.Done() && !done: // the server wants an empty message to end with
			said = ""
		default:
			if said, err = talk.Step(string(payload)); err != nil {
				return misfitf(ReasonProtocol, "logging in: the server does not prove that it knows the user")
			}
		}
		if done && talk.Valid() {
			return nil
		}
		conversation, _ := answer.Lookup("conversationId").AsInt64OK()
		next = bsoncore.NewDocumentBuilder().AppendInt32("saslContinue", 1).AppendInt32("conversationId", int32(conversation)) //nolint:gosec // the server's own number, sent back
	}
}

// tooMuchWork says that a server's message asks for more rounds of hashing than
// are reasonable, which no deadline would end.
func tooMuchWork(message string) bool {
	for part := range strings.SplitSeq(message, ",") {
		if rounds, is := strings.CutPrefix(part, "i="); is {
			n, err := strconv.Atoi(rounds)
			return err != nil || n > maxIterations
		}
	}
	return false
}

// command sends a command and reads its answer.
func (m *mongoServer) command(l *line, what, database string, command *bsoncore.DocumentBuilder) (bsoncore.Document, error) {
	if _, err := l.conn.Write(mongoMessage(command.AppendString("$db", database).Build())); err != nil {
		return nil, err
	}
	answer, err := l.readMongo()
	if err != nil {
		return nil, err
	}
	if ok, _ := answer.Lookup("ok").AsFloat64OK(); ok == 1 {
		return answer, nil
	}
	words, _ := answer.Lookup("errmsg").StringValueOK()
	return nil, m.said(what, words)
}

// mongoMessage is a message with one document.
func mongoMessage(document bsoncore.Document) []byte {
	const flagsAndKind = 5
	b := make([]byte, 0, mongoHead+flagsAndKind+len(document))
	b = binary.LittleEndian.AppendUint32(b, uint32(mongoHead+flagsAndKind+len(document))) //nolint:gosec // a command of ours is short
	b = binary.LittleEndian.AppendUint32(b, 1)
	b = binary.LittleEndian.AppendUint32(b, 0)
	b = binary.LittleEndian.AppendUint32(b, mongoOp)
	return append(append(b, 0, 0, 0, 0, 0), document...)
}

// readMongo reads a message with one document.
func (l *line) readMongo() (bsoncore.Document, error) {
	head, err := l.read(mongoHead, mongoHead)
	if err != nil {
		return nil, err
	}
	if op := binary.LittleEndian.Uint32(head[12:]); op != mongoOp {
		return nil, misfitf(ReasonProtocol, "the server does not speak the protocol of MongoDB: it sends an operation %d, want %d", op, mongoOp)
	}
	body, err := l.read(int(int32(binary.LittleEndian.Uint32(head)))-mongoHead, maxMongo) //nolint:gosec // the protocol's lengths have a sign
	if err != nil {
		return nil, err
	}
	const flagsAndKind = 5
	if len(body) > flagsAndKind && body[4] == 0 {
		document, _, ok := bsoncore.ReadDocument(body[flagsAndKind:])
		if ok && document.Validate() == nil {
			return document, nil
		}
	}
	return nil, misfitf(ReasonProtocol, "the server sends a message that cannot be read")
}

// mongoReplicas reads the answer to replSetGetStatus: how far each secondary is
// behind the primary, by the times of what they applied last.
func mongoReplicas(status bsoncore.Document) replicas {
	found := replicas{role: catalog.RoleReplica, lag: math.NaN()}
	members, _ := status.Lookup("members").ArrayOK()
	values, _ := members.Values()
	var primary, own time.Time
	var others []time.Time
	state := ""
	for _, value := range values {
		member, ok := value.DocumentOK()
		if !ok {
			continue
		}
		is, _ := member.Lookup("stateStr").StringValueOK()
		at, _ := member.Lookup("optimeDate").TimeOK()
		self, _ := member.Lookup("self").BooleanOK()
		if self {
			state, own = is, at
		}
		switch is {
		case "PRIMARY":
			primary = at
		case "SECONDARY":
			others = append(others, at)
		}
	}
	switch {
	case state == "PRIMARY":
		found.role, found.count = catalog.RolePrimary, len(others)
		for _, other := range others {
			found.lag = furthest(found.lag, behind(primary, other))
		}
	case state != "SECONDARY":
		found.broken = "its state is " + quote(state)
	case primary.IsZero():
		found.broken = "it sees no primary"
	default:
		found.lag = behind(primary, own)
	}
	return found
}

// behind is by how many seconds a replica is behind.
func behind(primary, replica time.Time) float64 { return max(0, primary.Sub(replica).Seconds()) }

func mongoHost(p *catalog.Probe) string { return p.MongoDB.Address }
