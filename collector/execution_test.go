package collector

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/stretchr/testify/require"
)

// notes is a log that several goroutines write.
type notes struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (n *notes) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(p)
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.String()
}

// Each run that did not succeed is one line of the debug log, with its text;
// a success, and a blip that a repetition refutes, is none.
func TestFailedRunsAreInTheDebugLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, told := newWorld(), new(notes)
		w.say("shop/home", sequence(refuse, succeed, succeed, refuse))
		h := New(Options{Location: "here", Build: w.build, Logger: level.NewFilter(log.NewLogfmtLogger(told), level.AllowDebug())})
		require.NoError(t, h.Update(parse(t, oneProbe)))
		start(t, h)
		line := `level=debug msg="A run did not succeed" service=shop probe=home attempts=2 reason=connect text="connecting to 192.0.2.1:80: connection refused"` + "\n"
		again := strings.Replace(line, "attempts=2", "attempts=1", 1) // what is down needs no confirmation
		for _, want := range []string{"", "", line, line + again} {   // a blip, a success, two failures
			time.Sleep(15 * time.Second)
			synctest.Wait()
			require.Equal(t, want, told.String())
		}
	})
}
