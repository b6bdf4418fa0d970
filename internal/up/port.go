package up

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"
)

// freePorts reports every address of the parts that somebody else has, in one
// error that says who, as far as this system tells.
func freePorts(parts []part) error {
	var taken []string
	for _, p := range parts {
		for _, address := range p.listens {
			listener, err := net.Listen("tcp", address)
			switch {
			case errors.Is(err, syscall.EADDRINUSE):
				taken = append(taken, fmt.Sprintf("  %s, wanted by %s, is taken%s", address, p.what, by(address)))
			case err != nil:
				taken = append(taken, fmt.Sprintf("  %s, wanted by %s: %v", address, p.what, err))
			default:
				_ = listener.Close()
			}
		}
	}
	if len(taken) == 0 {
		return nil
	}
	if slices.ContainsFunc(taken, func(line string) bool { return strings.Contains(line, `by "tocsin`) }) {
		taken = append(taken, "  It looks as if another `tocsin up` runs; Ctrl-C in its terminal ends it.")
	}
	return fmt.Errorf("the demo needs these ports for itself; end what has them and start again:\n%s", strings.Join(taken, "\n"))
}

func by(address string) string {
	if owner := portOwner(address); owner != "" {
		return " by " + owner
	}
	return ""
}
