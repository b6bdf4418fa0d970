package probe

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/tocsin-monitoring/tocsin/test/servers"
)

// sshKey is a key, its fingerprint, and the file of its private part.
func sshKey(t *testing.T) (signer ssh.Signer, fingerprint, file string) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	signer, err = ssh.NewSignerFromKey(private)
	require.NoError(t, err)
	block, err := ssh.MarshalPrivateKey(private, "")
	require.NoError(t, err)
	file = filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(block), 0o600))
	return signer, ssh.FingerprintSHA256(signer.PublicKey()), file
}

func TestSSH(t *testing.T) {
	host, fingerprint, _ := sshKey(t)
	_, own, identity := sshKey(t)
	_, other, stranger := sshKey(t)
	config := &ssh.ServerConfig{
		ServerVersion: "SSH-2.0-Test_1.0",
		PasswordCallback: func(_ ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			if string(password) != "hunter-two" {
				return nil, errors.New("wrong")
			}
			return new(ssh.Permissions), nil
		},
		PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if ssh.FingerprintSHA256(key) != own {
				return nil, errors.New("unknown")
			}
			return new(ssh.Permissions), nil
		},
	}
	config.AddHostKey(host)
	address := raw(t, func(c net.Conn) {
		if conn, _, requests, err := ssh.NewServerConn(c, config); err == nil {
			go ssh.DiscardRequests(requests)
			_ = conn.Wait()
		}
	})
	known := `host_keys: ["` + fingerprint + `"], `
	for _, test := range []struct {
		name, spec, text string
		reason           Reason
	}{
		{name: "any server"},
		{name: "the server", spec: known + `banner: "^SSH-2.0-Test"`},
		{name: "another version", spec: `banner: OpenSSH`, reason: ReasonBody, text: `the server is "SSH-2.0-Test_1.0", want a match of "OpenSSH"`},
		{name: "another key", spec: `host_keys: ["` + other + `"]`, reason: ReasonBody, text: "the server's key is " + fingerprint + ", want " + other},
		{name: "a password", spec: known + `user: probe, password: {file: ` + secretFile(t, "hunter-two") + `}`},
		{name: "a wrong password", spec: known + `user: probe, password: {file: ` + secretFile(t, "hunter-three") + `}`, reason: ReasonStatus, text: `the server refuses the login of "probe"`},
		{name: "a key", spec: known + `user: probe, identity_file: ` + identity},
		{name: "an unknown key", spec: known + `user: probe, identity_file: ` + stranger, reason: ReasonStatus, text: `the server refuses the login of "probe"`},
		{name: "no key", spec: known + `user: probe, identity_file: ` + secretFile(t, "nothing"), reason: ReasonInternal, text: "the file holds no private key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := try(t, `{ssh: {address: "`+address+`", `+test.spec+`}}`)
			require.Equal(t, test.reason, r.Reason, r.Text)
			require.Contains(t, r.Text, test.text)
		})
	}
	r := try(t, `{ssh: {address: "`+raw(t, mute)+`"}}`, 300*time.Millisecond)
	require.Equal(t, ReasonTimeout, r.Reason, r.Text)
	r = try(t, `{ssh: {address: "`+raw(t, func(c net.Conn) { _, _ = c.Write([]byte("220 mail\r\n")) })+`"}}`)
	require.Equal(t, ReasonProtocol, r.Reason, r.Text)
}

func TestRealSSH(t *testing.T) {
	program := servers.Need(t, "sshd", "openssh-server")
	_, fingerprint, file := sshKey(t)
	address := servers.Free(t)
	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	folder := servers.Folder(t, "")
	require.NoError(t, os.MkdirAll("/run/sshd", 0o755))
	config := servers.Write(t, folder, "sshd_config", "ListenAddress "+host+"\nPort "+port+"\nHostKey "+file+"\nPidFile none\nUsePAM no\n", "")
	servers.Run(t, servers.Server{Program: program, Args: []string{"-D", "-e", "-f", config}, Dir: folder, Ready: servers.Accepts(address)})
	r := try(t, `{ssh: {address: "`+address+`", banner: OpenSSH, host_keys: ["`+fingerprint+`"]}}`)
	require.Equal(t, Success, r.Outcome, r.Text)
}
