package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"syscall"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// maxExpected bounds what is looked through for one expectation: it is searched
// again with each piece that comes.
const maxExpected = 8 << 10

// conversation sends and expects what the catalogue says, step by step.
type conversation struct {
	*dialogue
	steps    []catalog.Exchange
	starttls catalog.StartTLS
}

func (c *conversation) run(ctx context.Context) Result { return c.dialogue.run(ctx, c.talk) }

func (c *conversation) talk(ctx context.Context, l *line) error {
	if c.starttls != "" {
		if err := l.upgrade(ctx, c.starttls); err != nil {
			return err
		}
	}
	var heard []byte
	for i := range c.steps {
		step := &c.steps[i]
		if err := c.send(l, step); err != nil {
			return err
		}
		find, want := expected(step)
		if find == nil {
			continue
		}
		var err error
		if heard, err = l.await(heard, find); err != nil {
			return c.unmet(i, want, heard, err)
		}
	}
	return nil
}

func (c *conversation) send(l *line, step *catalog.Exchange) error {
	text := step.SendHex.Bytes()
	if step.Send != nil {
		read, err := c.secrets.read(*step.Send)
		if err != nil {
			return ourFault{err}
		}
		text = []byte(read)
	}
	if len(text) == 0 {
		return nil
	}
	_, err := l.conn.Write(text)
	return err
}

// expected finds where what a step expects ends, or -1, and says what that
// is; it finds nothing for a step that expects nothing.
func expected(step *catalog.Exchange) (find func([]byte) int, want string) {
	literal := []byte(step.Expect)
	if want = strconv.Quote(bound(step.Expect, 100)); !step.ExpectHex.IsZero() {
		literal, want = step.ExpectHex.Bytes(), step.ExpectHex.String()
	}
	switch {
	case step.ExpectRegexp != nil:
		return func(heard []byte) int {
			if at := step.ExpectRegexp.FindIndex(heard); at != nil {
				return at[1]
			}
			return -1
		}, "a match of " + quote(step.ExpectRegexp.String())
	case len(literal) == 0:
		return nil, ""
	}
	return func(heard []byte) int {
		if at := bytes.Index(heard, literal); at >= 0 {
			return at + len(literal)
		}
		return -1
	}, want
}

// await reads until what is expected has come, and returns what came after it;
// with an error, all that came.
func (l *line) await(heard []byte, find func([]byte) int) ([]byte, error) {
	buffer := make([]byte, maxExpected)
	for {
		if end := find(heard); end >= 0 {
			return heard[end:], nil
		}
		if len(heard) >= maxExpected {
			return heard, bytes.ErrTooLarge
		}
		n, err := l.in.Read(buffer)
		heard = append(heard, buffer[:n]...)
		if end := find(heard); n > 0 && end >= 0 {
			return heard[end:], nil
		}
		if err != nil {
			return heard, err
		}
	}
}

// unmet is the failure of a step, which names what came instead.
func (c *conversation) unmet(i int, want string, heard []byte, err error) error {
	step := ""
	if len(c.steps) > 1 {
		step = fmt.Sprintf("step %d: ", i+1)
	}
	switch {
	case errors.Is(err, bytes.ErrTooLarge):
		return misfitf(ReasonBody, "%sno %s in %d bytes, which begin with %s", step, want, len(heard), quote(c.secrets.redact(string(heard))))
	case len(heard) > 0:
		return misfitf(ReasonBody, "%sgot %s and nothing more, want %s", step, quote(c.secrets.redact(string(heard))), want)
	case errors.Is(err, syscall.ECONNREFUSED):
		return misfitf(ReasonConnect, "connecting to %s: connection refused", c.address)
	}
	return err
}
