package port

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFreeIsFreeAndNotTheSystems(t *testing.T) {
	for range 20 {
		address, err := Free()
		require.NoError(t, err)
		server, err := net.Listen("tcp", address)
		require.NoError(t, err)
		defer server.Close()
		require.Less(t, server.Addr().(*net.TCPAddr).Port, 32768)
	}
}
