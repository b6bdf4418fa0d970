package servers

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"
	"github.com/stretchr/testify/require"
)

// snmpdConfig is an agent with a community and with users of version 3, whose
// passwords are hunter-two-a and, for what they encrypt, hunter-two-b. A user may
// see the system's own objects.
const snmpdConfig = `rocommunity hunter-two 127.0.0.1 -V system
view system included .1.3.6.1.2.1.1
createUser probe SHA-256 hunter-two-a AES hunter-two-b
createUser old MD5 hunter-two-a DES hunter-two-b
createUser plain SHA hunter-two-a
rouser probe authpriv -V system
rouser old authpriv -V system
rouser plain authnopriv -V system
sysName desk
sysServices 72
`

// Snmpd runs an SNMP agent and returns its address. Its community is
// hunter-two; it has the users probe, old and plain.
func Snmpd(t testing.TB) string {
	t.Helper()
	program := Need(t, "snmpd", "snmpd")
	folder, address := Folder(t, ""), Free(t)
	config := Write(t, folder, "snmpd.conf", snmpdConfig, "")
	Run(t, Server{
		Program: program, Dir: folder, Ready: agentAnswers(t, address),
		Args: []string{"-f", "-Lo", "-C", "-c", config, "-p", folder + "/snmpd.pid", "udp:" + address},
		Env:  []string{"SNMP_PERSISTENT_DIR=" + folder, "MIBS="},
	})
	return address
}

// agentAnswers is a Ready that wants the agent's name.
func agentAnswers(t testing.TB, address string) func(context.Context) error {
	t.Helper()
	host, port := split(t, address)
	number, err := strconv.ParseUint(port, 10, 16)
	require.NoError(t, err)
	return func(ctx context.Context) error {
		client := &gosnmp.GoSNMP{Target: host, Port: uint16(number), Community: "hunter-two", Version: gosnmp.Version2c, Timeout: time.Second, Context: ctx}
		if err := client.Connect(); err != nil {
			return err
		}
		defer client.Close()
		_, err := client.Get([]string{".1.3.6.1.2.1.1.5.0"})
		return err
	}
}
