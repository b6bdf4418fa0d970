package lab

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFailuresAreCountedByTheirReason(t *testing.T) {
	line := func(why string) string {
		return `level=debug msg="A run did not succeed" service=s probe=p attempts=2 reason=` + why + "\n"
	}
	require.Equal(t, "none", failures("level=info msg=\"The exporter is probing\" reason=x\n"))
	require.Equal(t, `2 × timeout text="timeout after Ns"; 1 × connect text="port N is closed"`,
		failures(line(`connect text="port 4711 is closed"`)+line(`timeout text="timeout after 2s"`)+line(`timeout text="timeout after 1.98s"`)))
}
