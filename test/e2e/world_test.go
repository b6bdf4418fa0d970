//go:build linux

package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/test/estate"
)

// A world is three locations on one machine: each a network namespace with two
// cables, one into the world, where what is probed stands, and one to
// Prometheus, so that a location can be cut off and still be scraped.
//
// All of it lives in a process of its own with network, mounts and process ids
// of its own. The kernel takes everything away with that process, however it
// ends, and two worlds never meet.
type world struct{ locations []string }

const (
	worldHost = "10.77.1.1" // everybody's way to what is probed
	worldTime = 10 * time.Minute
)

// inWorld runs the rest of the test in such a process and returns true there.
// It needs root or user namespaces, and iproute2.
func inWorld(t *testing.T) bool {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: the whole line takes minutes")
	}
	if os.Getenv(inside) != "" {
		return true
	}
	for _, program := range []string{"ip", "nsenter"} {
		if _, err := exec.LookPath(program); err != nil {
			without(t, fmt.Sprintf("%s (Debian: iproute2, util-linux)", program), err)
		}
	}
	t.Parallel()
	runtime.LockOSThread() // Pdeathsig counts from the thread that starts the process
	defer runtime.UnlockOSThread()
	executable, err := os.Executable()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), worldTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, executable, "-test.v", "-test.run=^"+t.Name()+"$", "-test.timeout="+worldTime.String())
	cmd.Env = append(os.Environ(), inside+"="+programs)
	cmd.SysProcAttr = apart()
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSYS) || errors.Is(err, syscall.ENOSPC) {
		without(t, "namespaces, which this machine does not allow", err)
	}
	t.Logf("%s", out)
	require.NoError(t, err)
	return false
}

// without skips, except in CI, which has promised to have everything.
func without(t *testing.T, what string, err error) {
	t.Helper()
	if os.Getenv("TOCSIN_INTEGRATION") == "require" {
		require.NoError(t, err, "three locations need %s", what)
	}
	t.Skipf("three locations need %s: %v", what, err)
}

// apart are the attributes of a process in namespaces of its own.
func apart() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID, Pdeathsig: syscall.SIGKILL,
	}
	if os.Geteuid() != 0 {
		a.Cloneflags |= syscall.CLONE_NEWUSER
		a.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	return a
}

// newWorld lays the cables. Nothing outside this process sees them.
func newWorld(t *testing.T, locations ...string) *world {
	t.Helper()
	require.NoError(t, syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""))
	require.NoError(t, syscall.Mount("proc", "/proc", "proc", 0, ""))
	require.NoError(t, syscall.Mount("tmpfs", "/run", "tmpfs", 0, "")) // ip keeps the names of namespaces there
	w := &world{locations: locations}
	w.ip(t, "link set lo up")
	w.ip(t, "link add world type bridge")
	w.ip(t, "address add %s/24 dev world", worldHost)
	w.ip(t, "link set world up")
	for i, location := range locations {
		w.ip(t, "netns add %s", location)
		w.ip(t, "link add w-%s type veth peer name world netns %s", location, location)
		w.ip(t, "link set w-%s master world up", location)
		w.ip(t, "-n %s address add %s/24 dev world", location, w.source(location))
		w.ip(t, "-n %s link set world up", location)
		w.ip(t, "-n %s link set lo up", location)
		w.ip(t, "link add a-%s type veth peer name admin netns %s", location, location)
		w.ip(t, "address add 10.77.%d.1/24 dev a-%s", 10+i, location)
		w.ip(t, "link set a-%s up", location)
		w.ip(t, "-n %s address add 10.77.%d.2/24 dev admin", location, 10+i)
		w.ip(t, "-n %s link set admin up", location)
	}
	return w
}

// source is the address that a location's probes come from.
func (w *world) source(location string) string {
	for i, name := range w.locations {
		if name == location {
			return fmt.Sprintf("10.77.1.%d", 10+i)
		}
	}
	return ""
}

// exporters are to run one in each location.
func (w *world) exporters() []estate.Located {
	var all []estate.Located
	for i, location := range w.locations {
		all = append(all, estate.Located{
			Location: location, Address: fmt.Sprintf("10.77.%d.2:10210", 10+i),
			Enter: []string{"nsenter", "--net=/run/netns/" + location, "--"},
		})
	}
	return all
}

// cut takes a location's cable out of the world; packets vanish.
func (w *world) cut(t *testing.T, location string) {
	t.Helper()
	w.ip(t, "link set w-%s nomaster", location)
}

func (w *world) mend(t *testing.T, location string) {
	t.Helper()
	w.ip(t, "link set w-%s master world", location)
}

func (*world) ip(t *testing.T, format string, args ...any) {
	t.Helper()
	words := strings.Fields(fmt.Sprintf(format, args...))
	out, err := exec.CommandContext(t.Context(), "ip", words...).CombinedOutput()
	require.NoErrorf(t, err, "ip %v: %s", words, out)
}
