package servers

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// postfixUser is who owns a Postfix's queue. Only root can run its master.
const postfixUser = "postfix"

// Postfix runs a Postfix for example.org, which knows the user shop, with
// further settings a line each, and returns its address.
func Postfix(t testing.TB, settings string) string {
	t.Helper()
	NeedRoot(t)
	Need(t, "postfix", "postfix")
	folder, address := Folder(t, ""), Free(t)
	require.NoError(t, os.Chmod(folder, 0o755)) //nolint:gosec // Postfix' own user reads it
	uid, gid := ids(t, postfixUser)
	data := filepath.Join(folder, "data")
	require.NoError(t, os.Mkdir(data, 0o700))
	require.NoError(t, os.Chown(data, uid, gid))
	for _, name := range []string{"active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "maildrop", "pid", "private", "public", "saved", "trace"} {
		queue := filepath.Join(folder, "queue", name)
		require.NoError(t, os.MkdirAll(queue, 0o755)) //nolint:gosec // as above
		if name != "pid" {
			require.NoError(t, os.Chown(queue, uid, gid))
		}
	}
	open := func(file, text string) {
		require.NoError(t, os.Chmod(Write(t, folder, file, text, ""), 0o644)) //nolint:gosec // as above
	}
	open("main.cf", fmt.Sprintf("compatibility_level = 3.6\nqueue_directory = %[1]s/queue\ndata_directory = %[1]s/data\nmail_owner = %[2]s\ninet_interfaces = 127.0.0.1\ninet_protocols = ipv4\n"+
		"myhostname = mail.example.org\nmydestination = example.org\nlocal_recipient_maps = inline:{shop=1}\nalias_maps =\nmynetworks =\nsmtpd_delay_reject = no\n%[3]s\n", folder, postfixUser, settings))
	open("master.cf", address+" inet n - n - - smtpd\ncleanup unix n - n - 0 cleanup\nrewrite unix - - n - - trivial-rewrite\nanvil unix - - n - 1 anvil\ntlsmgr unix - - n 1000? 1 tlsmgr\nproxymap unix - - n - - proxymap\n")
	Run(t, Server{Program: "/usr/lib/postfix/sbin/master", Args: []string{"-c", folder, "-d"}, Dir: folder, Ready: Accepts(address)})
	return address
}

// Dovecot runs a Dovecot that lets everybody in whose password is hunter-two,
// over TLS alone, and returns its addresses.
func Dovecot(t testing.TB, cert, key string) (imap, pop3 string) {
	t.Helper()
	NeedRoot(t)
	program := Need(t, "dovecot", "dovecot-imapd")
	Need(t, "dovecot", "dovecot-pop3d")
	folder := Folder(t, "")
	require.NoError(t, os.Chmod(folder, 0o755)) //nolint:gosec // Dovecot's own users reach its sockets
	imap, pop3 = Free(t), Free(t)
	_, imapPort := split(t, imap)
	_, pop3Port := split(t, pop3)
	config := fmt.Sprintf(`protocols = imap pop3
base_dir = %[1]s/run
log_path = /dev/stderr
listen = 127.0.0.1
ssl = required
ssl_cert = <%[2]s
ssl_key = <%[3]s
auth_mechanisms = plain
passdb {
  driver = static
  args = password=hunter-two
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}
mail_location = maildir:/nonexistent
service imap-login {
  chroot =
  inet_listener imap {
    port = %[4]s
  }
  inet_listener imaps {
    port = 0
  }
}
service pop3-login {
  chroot =
  inet_listener pop3 {
    port = %[5]s
  }
  inet_listener pop3s {
    port = 0
  }
}
`, folder, cert, key, imapPort, pop3Port)
	Run(t, Server{Program: program, Args: []string{"-F", "-c", Write(t, folder, "dovecot.conf", config, "")}, Dir: folder, Ready: Accepts(pop3)})
	return imap, pop3
}

// Vsftpd runs an FTP server that offers TLS, for anonymous guests, and returns
// its address.
func Vsftpd(t testing.TB, cert, key string) string {
	t.Helper()
	NeedRoot(t)
	program := Need(t, "vsftpd", "vsftpd")
	folder, address := Folder(t, ""), Free(t)
	host, port := split(t, address)
	require.NoError(t, os.Chmod(folder, 0o555)) //nolint:gosec // guests have a root that they cannot write to
	config := fmt.Sprintf("listen=YES\nlisten_address=%s\nlisten_port=%s\nbackground=NO\nanonymous_enable=YES\nanon_root=%s\nsecure_chroot_dir=%[3]s\nseccomp_sandbox=NO\n"+
		"ssl_enable=YES\nallow_anon_ssl=YES\nssl_ciphers=HIGH\nrsa_cert_file=%s\nrsa_private_key_file=%s\nxferlog_enable=NO\n", host, port, folder, cert, key)
	Run(t, Server{Program: program, Args: []string{Write(t, Folder(t, ""), "vsftpd.conf", config, "")}, Dir: folder, Ready: Accepts(address)})
	return address
}
