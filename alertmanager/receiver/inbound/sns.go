package inbound

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
)

// snsMessage is what SNS posts, as text/plain:
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html.
type snsMessage struct {
	Type, MessageID, TopicArn, Subject, Message, Timestamp string
	Token, SubscribeURL                                    string
	SignatureVersion, Signature, SigningCertURL            string
}

// The values of snsMessage.Type.
const (
	snsNotification = "Notification"
	snsSubscribe    = "SubscriptionConfirmation"
	snsUnsubscribe  = "UnsubscribeConfirmation"
)

func readSNS(body []byte) (snsMessage, error) {
	var m snsMessage
	if err := json.Unmarshal(body, &m); err != nil {
		return m, fmt.Errorf("the body is not a message of SNS: %w", err)
	}
	if m.Type == "" || m.MessageID == "" || m.TopicArn == "" {
		return m, errors.New("the body is not a message of SNS: want Type, MessageId and TopicArn (switch raw message delivery off)")
	}
	// Lines are what the signature holds apart: with a line more in its id, what
	// has come before would come as something new.
	for _, text := range []string{m.Type, m.MessageID, m.TopicArn, m.Subject, m.Timestamp, m.Token, m.SubscribeURL} {
		if strings.ContainsAny(text, "\r\n") {
			return m, errors.New("the body is not a message of SNS: a line ends where none can")
		}
	}
	return m, nil
}

// signed is the text that SNS signs: a line for each name and each value, in
// this order.
func (m snsMessage) signed() []byte {
	fields := [][2]string{{"Message", m.Message}, {"MessageId", m.MessageID}}
	if m.Type == snsNotification {
		if m.Subject != "" {
			fields = append(fields, [2]string{"Subject", m.Subject})
		}
		fields = append(fields, [2]string{"Timestamp", m.Timestamp}, [2]string{"TopicArn", m.TopicArn}, [2]string{"Type", m.Type})
	} else {
		fields = append(fields, [2]string{"SubscribeURL", m.SubscribeURL}, [2]string{"Timestamp", m.Timestamp}, [2]string{"Token", m.Token},
			[2]string{"TopicArn", m.TopicArn}, [2]string{"Type", m.Type})
	}
	var b strings.Builder
	for _, field := range fields {
		b.WriteString(field[0] + "\n" + field[1] + "\n")
	}
	return []byte(b.String())
}

// The oldest and the newest message that is taken: SNS tries for an hour at
// most, and ids are remembered for longer than that.
const (
	snsOldest = 24 * time.Hour
	snsNewest = 15 * time.Minute
)

// maxCertificates bounds those that are kept.
const maxCertificates = 16

// snsKeys checks signatures with the certificates of SNS.
type snsKeys struct {
	http *http.Client // follows no redirects
	now  func() time.Time

	mu    sync.Mutex
	known map[string]*x509.Certificate // by address
}

// errUnreachable says that SNS itself could not be asked: it may come again.
var errUnreachable = errors.New("SNS cannot be asked")

// verify checks who sent a message and when. The certificate stands at an
// address that the message names; only SNS's own are asked, over TLS, which is
// what proves the certificate.
func (k *snsKeys) verify(ctx context.Context, m snsMessage) error {
	sent := instant(m.Timestamp, time.RFC3339Nano)
	if age := k.now().Sub(sent); sent.IsZero() || age > snsOldest || age < -snsNewest {
		return fmt.Errorf("the message is of %s, which is too old or yet to come", line(m.Timestamp))
	}
	var algorithm x509.SignatureAlgorithm
	switch m.SignatureVersion {
	case "1":
		algorithm = x509.SHA1WithRSA
	case "2":
		algorithm = x509.SHA256WithRSA
	default:
		return fmt.Errorf("SignatureVersion is %q, want 1 or 2", line(m.SignatureVersion))
	}
	signature, err := base64.StdEncoding.DecodeString(m.Signature)
	if err != nil {
		return errors.New("the signature is not base64")
	}
	certificate, err := k.certificate(ctx, m.SigningCertURL)
	if err != nil {
		return err
	}
	if err := certificate.CheckSignature(algorithm, m.signed(), signature); err != nil {
		return errors.New("the signature does not fit the message")
	}
	return nil
}

// snsHost and snsPath are where certificates of SNS lie. A bucket of S3 is
// not among them: anybody can have one.
var (
	snsHost = regexp.MustCompile(`^sns\.[a-z0-9-]{3,}\.amazonaws\.com(\.cn)?$`)
	snsPath = regexp.MustCompile(`^/SimpleNotificationService(-[A-Za-z0-9]+)?\.pem$`)
)

func (k *snsKeys) certificate(ctx context.Context, address string) (*x509.Certificate, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || !snsHost.MatchString(u.Host) || !snsPath.MatchString(u.Path) {
		return nil, errors.New("SigningCertURL is not an address of SNS")
	}
	k.mu.Lock()
	certificate := k.known[u.String()]
	k.mu.Unlock()
	if certificate == nil {
		text, err := k.get(ctx, u)
		if err != nil {
			return nil, err
		}
		block, _ := pem.Decode(text)
		if block == nil {
			return nil, errors.New("SigningCertURL holds no certificate")
		}
		if certificate, err = x509.ParseCertificate(block.Bytes); err != nil {
			return nil, fmt.Errorf("SigningCertURL holds no certificate: %w", err)
		}
		k.keep(u.String(), certificate)
	}
	if now := k.now(); now.Before(certificate.NotBefore) || now.After(certificate.NotAfter) {
		k.keep(u.String(), nil)
		return nil, errors.New("the certificate of the signature has expired")
	}
	return certificate, nil
}

func (k *snsKeys) keep(address string, certificate *x509.Certificate) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if certificate == nil || len(k.known) >= maxCertificates {
		clear(k.known)
	}
	if certificate != nil {
		k.known[address] = certificate
	}
}

// confirm accepts a subscription. The address is put together here, from the
// topic that the catalogue allows: the one in the message could ask SNS for
// anything.
func (k *snsKeys) confirm(ctx context.Context, m snsMessage) error {
	arn := strings.Split(m.TopicArn, ":") // arn:aws:sns:REGION:ACCOUNT:NAME
	host := "sns." + arn[3] + ".amazonaws.com"
	if arn[1] == "aws-cn" {
		host += ".cn"
	}
	query := url.Values{"Action": {"ConfirmSubscription"}, "TopicArn": {m.TopicArn}, "Token": {m.Token}}
	_, err := k.get(ctx, &url.URL{Scheme: "https", Host: host, Path: "/", RawQuery: query.Encode()})
	return err
}

// get asks SNS. Its errors name the host only: a token stands in the query.
func (k *snsKeys) get(ctx context.Context, u *url.URL) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 8*time.Second) // SNS waits for 15 s
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", errUnreachable, u.Host)
	}
	answer, err := k.http.Do(request)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err
		}
		return nil, fmt.Errorf("%w: %s: %w", errUnreachable, u.Host, err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: %s answers %d", errUnreachable, u.Host, answer.StatusCode)
	}
	return io.ReadAll(io.LimitReader(answer.Body, 64<<10))
}
