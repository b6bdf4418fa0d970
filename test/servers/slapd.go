package servers

import (
	"path/filepath"
	"strings"
	"testing"
)

// slapdConfig is a directory of its own below dc=example,dc=org, which only the
// user probe may read. FOLDER, CERT and KEY stand for paths.
const slapdConfig = `include /etc/ldap/schema/core.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile FOLDER/slapd.pid
TLSCertificateFile CERT
TLSCertificateKeyFile KEY
database mdb
suffix dc=example,dc=org
directory FOLDER/data
maxsize 1048576
access to attrs=userPassword by anonymous auth
access to * by dn.exact="cn=probe,dc=example,dc=org" read by * none
`

// slapdEntries are what stands in the directory.
const slapdEntries = `dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
dc: example
o: example

dn: cn=probe,dc=example,dc=org
objectClass: person
cn: probe
sn: probe
userPassword: hunter-two

dn: cn=desk,dc=example,dc=org
objectClass: organizationalRole
cn: desk
telephoneNumber: 7
telephoneNumber: 8
`

// Slapd runs an OpenLDAP with a user cn=probe,dc=example,dc=org, whose password
// is hunter-two. It returns its address, that on which it speaks TLS from the
// start, and the certificate of both.
func Slapd(t testing.TB) (address, secure, cert string) {
	t.Helper()
	program := Need(t, "slapd", "slapd")
	folder := Folder(t, "")
	cert, key := Certificate(t, folder, "")
	data := filepath.Join(folder, "data")
	Do(t, "", "mkdir", data)
	config := Write(t, folder, "slapd.conf", strings.NewReplacer("FOLDER", folder, "CERT", cert, "KEY", key).Replace(slapdConfig), "")
	entries := Write(t, folder, "entries.ldif", slapdEntries, "")
	Do(t, "", Need(t, "slapadd", "slapd"), "-f", config, "-l", entries)
	address, secure = Free(t), Free(t)
	Run(t, Server{
		Program: program, Dir: folder, Ready: Accepts(address),
		Args: []string{"-d", "0", "-f", config, "-h", "ldap://" + address + "/ ldaps://" + secure + "/"},
	})
	return address, secure, cert
}
