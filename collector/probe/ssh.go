package probe

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// sshServer is what stays the same from attempt to attempt.
type sshServer struct {
	*dialogue
	spec *catalog.SSHProbe
}

// newSSH builds the kind ssh: the handshake up to the server's key, and a login
// where the catalogue names a user.
func newSSH(s site) (Func, error) {
	spec := s.probe.SSH
	p := &sshServer{dialogue: newDialogue(s, "ssh", spec.Address, nil), spec: spec}
	return func(ctx context.Context) Result { return p.run(ctx, p.talk) }, nil
}

// recognised ends a handshake that found what it looked for.
type recognised struct{ error }

func (p *sshServer) talk(_ context.Context, l *line) error {
	methods, err := p.methods()
	if err != nil {
		return err
	}
	var key error // our verdict on the server's key, which the library wraps
	seen := &overheard{Conn: l.conn}
	config := &ssh.ClientConfig{User: p.spec.User, Auth: methods, ClientVersion: "SSH-2.0-Tocsin"}
	config.HostKeyCallback = func(_ string, _ net.Addr, k ssh.PublicKey) error {
		if key = p.judge(seen.banner(), ssh.FingerprintSHA256(k)); key == nil && p.spec.User == "" {
			key = recognised{errors.New("the key is known")}
		}
		return key
	}
	conn, _, requests, err := ssh.NewClientConn(seen, p.address, config)
	if _, known := errors.AsType[recognised](key); known {
		return nil
	}
	switch {
	case key != nil:
		return key
	case err != nil && strings.Contains(err.Error(), "unable to authenticate"):
		return misfitf(ReasonStatus, "the server refuses the login of %s", quote(p.spec.User))
	case err != nil:
		return seen.cause(err)
	}
	go ssh.DiscardRequests(requests)
	defer func() { _ = conn.Close() }()
	return nil
}

// judge compares the server's version and key.
func (p *sshServer) judge(banner, fingerprint string) error {
	switch {
	case p.spec.Banner != nil && !p.spec.Banner.MatchString(banner):
		return misfitf(ReasonBody, "the server is %s, want a match of %s", quote(banner), quote(p.spec.Banner.String()))
	case len(p.spec.HostKeys) > 0 && !slices.Contains(p.spec.HostKeys, fingerprint):
		return misfitf(ReasonBody, "the server's key is %s, want %s", fingerprint, strings.Join(p.spec.HostKeys, " or "))
	}
	return nil
}

// methods are the ways to log in.
func (p *sshServer) methods() ([]ssh.AuthMethod, error) {
	var methods []ssh.AuthMethod
	if p.spec.IdentityKey != "" {
		text, err := os.ReadFile(p.spec.IdentityKey)
		if err != nil {
			return nil, ourFault{p.site.errorf("ssh.identity_file", "reading the private key: %v", err)}
		}
		signer, err := ssh.ParsePrivateKey(text)
		if err != nil {
			return nil, ourFault{p.site.errorf("ssh.identity_file", "the file holds no private key without a passphrase")}
		}
		methods = append(methods, ssh.PublicKeys(signer))
	}
	password, err := p.password(p.spec.Password)
	if err == nil && p.spec.Password != nil {
		methods = append(methods, ssh.Password(password))
	}
	return methods, err
}

// overheard is a connection that keeps the beginning of what the server says,
// and why it ended.
type overheard struct {
	net.Conn
	said []byte
	err  error
}

// Read reads, and remembers.
func (o *overheard) Read(p []byte) (int, error) {
	n, err := o.Conn.Read(p)
	if room := 4096 - len(o.said); room > 0 {
		o.said = append(o.said, p[:min(n, room)]...)
	}
	if err != nil && o.err == nil {
		o.err = err
	}
	return n, err
}

// banner is the server's version, the line that begins with SSH- (RFC 4253).
func (o *overheard) banner() string {
	for text := range strings.Lines(string(o.said)) {
		if strings.HasPrefix(text, "SSH-") {
			return strings.TrimRight(text, "\r\n")
		}
	}
	return ""
}

// cause is what the connection met, where the library does not say it.
func (o *overheard) cause(err error) error {
	if o.err != nil {
		return o.err
	}
	return misfitf(ReasonProtocol, "shaking hands: %v", err)
}

func sshHost(p *catalog.Probe) string { return p.SSH.Address }
