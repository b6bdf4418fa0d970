package login

import (
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// wrongAtOnce is how many wrong passwords for a name come from an address
	// before whoever it is has to wait, and wrongEvery for how long.
	wrongAtOnce = 8
	wrongEvery  = 10 * time.Second
	// mostLimits bounds the names and addresses that are remembered.
	mostLimits = 1000
)

// ErrTooMany is the answer to any password after many wrong ones.
var ErrTooMany = errors.New("too many wrong passwords: wait ten seconds. Links in messages work without one")

// attempts counts wrong passwords by name and address together, so that a
// stranger elsewhere locks nobody out.
type attempts struct {
	mu     sync.Mutex
	limits map[string]*rate.Limiter
}

func (a *attempts) of(key string, now time.Time) *rate.Limiter {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.limits[key] == nil {
		for old, limit := range a.limits {
			if len(a.limits) >= mostLimits && limit.TokensAt(now) >= wrongAtOnce {
				delete(a.limits, old)
			}
		}
		if len(a.limits) >= mostLimits { // by then it is one machine with many names
			clear(a.limits)
		}
		a.limits[key] = rate.NewLimiter(rate.Every(wrongEvery), wrongAtOnce)
	}
	return a.limits[key]
}

// checked compares a password: [ErrPassword] for a wrong one, [ErrTooMany]
// after many.
func (g *Gate) checked(r *http.Request, name, password string) error {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	limit := g.wrong.of(host+" "+name, g.Now())
	if limit.TokensAt(g.Now()) < 1 {
		return ErrTooMany
	}
	good, err := g.Passwords.Check(name, password)
	if err != nil || good {
		return err
	}
	limit.AllowN(g.Now(), 1)
	return ErrPassword
}
