package probe

import (
	"bufio"
	"net"
)

// corked is a connection that holds what is written back until somebody wants
// to read, so that the end of a TLS handshake, the request behind it and what
// else there is to say leave as one packet. Whoever gives up has to flush.
type corked struct {
	net.Conn
	out *bufio.Writer // to Conn
}

// Write implements io.Writer. An error may be that of an earlier write.
func (c *corked) Write(p []byte) (int, error) { return c.out.Write(p) }

// Read implements io.Reader. What the other side had to say before it stopped
// listening counts more than that it did.
func (c *corked) Read(p []byte) (int, error) {
	failed := c.flush()
	n, err := c.Conn.Read(p)
	if n == 0 && failed != nil {
		return 0, failed
	}
	return n, err
}

func (c *corked) flush() error { return c.out.Flush() }
