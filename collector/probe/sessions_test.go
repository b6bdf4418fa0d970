package probe

import (
	"crypto/tls"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A certificate that was replaced shows at a full handshake only, and there is
// one within ten minutes, however often the session is renewed.
func TestSessionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(sessions)
		_, known := s.Get("shop.example.org")
		require.False(t, known)
		full := time.Now()
		for handshakes := 0; ; handshakes++ {
			s.Put("shop.example.org", new(tls.ClientSessionState)) // each handshake brings another ticket
			time.Sleep(15 * time.Second)
			if _, known = s.Get("shop.example.org"); !known {
				require.Greater(t, handshakes, 20, "most are abbreviated")
				break
			}
		}
		require.LessOrEqual(t, time.Since(full), sessionAge+15*time.Second)
	})
}
