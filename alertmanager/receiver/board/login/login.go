// Package login says who asks the board for something, and what they may.
//
// The board asks its [Gate] about every request before anything else is done,
// and hands the [Visitor] on to its pages. People prove who they are with a
// password of the web configuration or at an OpenID provider; programs show a
// token of the catalogue.
//
// Everybody has a session, also who has not logged in: a signed cookie whose
// number is in every form, so that no other site can send one. What somebody
// may is not in it: that is read from the catalogue at every request, so that
// a person who is taken out of it is out at once.
package login

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/time/rate"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// Role is what somebody may do; each may what the ones before it may.
type Role int

// The roles.
const (
	None    Role = iota
	Read         // see everything but the audit
	Respond      // answer incidents, open windows, change turns
	Admin        // see the audit, have the catalogue read again
)

func (r Role) String() string { return [...]string{"none", "read", "respond", "admin"}[r] }

// The ways of logging in.
const (
	ByPassword = "password"
	ByOIDC     = "OpenID Connect"
	ByToken    = "token"
)

// Visitor is who asks.
type Visitor struct {
	Session string // number of the session; "" for none
	By      string // how they logged in; "" when they have not
	Login   string // the name under which they did
	Person  string // whom of the catalogue that means; "" for nobody
	Role    Role
	Fresh   bool // the session is new: it needs its cookie
	header  bool // they proved it with this request
}

// LoggedIn says whether it is known who asks.
func (v Visitor) LoggedIn() bool { return v.By != "" }

// Answers says whether they may answer incidents: what is done has somebody
// who did it. A program says for whom it does.
func (v Visitor) Answers() bool {
	return v.Role >= Respond && (v.Person != "" || v.By == "" || v.By == ByToken)
}

// Via says behind a way how they logged in: "the board" and nothing for who
// has not.
func (v Visitor) Via(way string) string {
	switch {
	case v.By == "":
		return way
	case v.By == ByToken:
		return way + " with the token " + v.Login
	}
	return way + ", logged in by " + v.By + " as " + v.Login
}

// Passwords are the users with a password.
type Passwords interface {
	Any() (bool, error)
	Has(name string) (bool, error)
	Check(name, password string) (bool, error)
}

// Sessions remembers which sessions were logged out before their time.
type Sessions interface {
	EndSession(ctx context.Context, id string, until time.Time) error
	SessionEnded(ctx context.Context, id string) (bool, error)
}

// Options of a gate.
type Options struct {
	Key       []byte // signs the sessions; 32 bytes
	Catalog   func() *catalog.Catalog
	Passwords Passwords                    // nil for none
	Sessions  Sessions                     // nil for this gate's memory
	Token     func(string) (string, error) // whose bearer token it is
	HTTP      *http.Client                 // for the provider
	Now       func() time.Time
}

// Gate knows visitors.
type Gate struct {
	Options

	mu        sync.Mutex
	providers map[string]*oidc.Provider
	wrong     attempts
}

// New makes a gate.
func New(o Options) *Gate {
	if o.Sessions == nil {
		o.Sessions = &memory{ended: map[string]bool{}}
	}
	return &Gate{Options: o, providers: map[string]*oidc.Provider{}, wrong: attempts{limits: map[string]*rate.Limiter{}}}
}

// ErrPassword is the answer to a name and a password that do not fit, and to a
// token of nobody.
var ErrPassword = errors.New("the password or the token is wrong")

// Visitor says who asks. A proof in the request's own header counts for more
// than a session.
func (g *Gate) Visitor(r *http.Request) (Visitor, error) {
	s, v, err := g.session(r)
	if err != nil {
		return v, err
	}
	switch scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); {
	case strings.EqualFold(scheme, "Basic"):
		if some, err := g.passwords(); err != nil || !some {
			break // somebody in front of us asked for it
		}
		name, password, _ := r.BasicAuth()
		if err := g.checked(r, name, password); err != nil {
			return v, err
		}
		v.By, v.Login, v.header = ByPassword, name, true
	case strings.EqualFold(scheme, "Bearer"):
		name, err := g.Token(strings.TrimSpace(token))
		if err != nil {
			return v, ErrPassword
		}
		v.By, v.Login, v.header = ByToken, name, true
	}
	return g.ranked(v, s)
}

// ranked adds who it is in the catalogue and what they may.
func (g *Gate) ranked(v Visitor, s session) (Visitor, error) {
	if v.By == ByPassword {
		still := false
		if g.Passwords != nil {
			var err error
			if still, err = g.Passwords.Has(v.Login); err != nil {
				return v, err
			}
		}
		if !still {
			v.By, v.Login = "", ""
		}
	}
	if v.By == ByOIDC && g.Catalog().Board.OIDC == nil {
		v.By, v.Login = "", ""
	}
	var err error
	switch v.By {
	case "":
		v.Role, err = g.anonymous()
	case ByToken:
		v.Role = Respond
	default:
		c := g.Catalog()
		v.Person = person(c, v.By, v.Login)
		v.Role = role(c.Board.Roles, v.Person, s.groups(v))
	}
	return v, err
}

// passwords says whether anybody has one.
func (g *Gate) passwords() (bool, error) {
	if g.Passwords == nil {
		return false, nil
	}
	return g.Passwords.Any()
}

// Ways says how people can log in.
func (g *Gate) Ways() (password, provider bool, err error) {
	password, err = g.passwords()
	return password, g.Catalog().Board.OIDC != nil, err
}

func (g *Gate) anonymous() (Role, error) {
	switch g.Catalog().Board.Anonymous {
	case catalog.BoardNone:
		return None, nil
	case catalog.BoardRead:
		return Read, nil
	case catalog.BoardRespond:
		return Respond, nil
	}
	password, provider, err := g.Ways()
	if err != nil || password || provider {
		return None, err
	}
	return Respond, nil
}

// Password logs in with the password of the request, which Visitor has
// checked.
func (g *Gate) Password(w http.ResponseWriter, r *http.Request, v Visitor) bool {
	if v.By != ByPassword || !v.header {
		return false
	}
	g.begin(w, r, session{By: ByPassword, Login: v.Login})
	return true
}

// Unguarded says whether nobody logs in here and everybody may answer, without
// the catalogue saying so.
func (g *Gate) Unguarded() bool {
	role, err := g.anonymous()
	return err == nil && role == Respond && g.Catalog().Board.Anonymous == ""
}

// Operates says whether whoever asks may have the catalogue read again: an
// admin, and anybody where nobody can log in.
func (g *Gate) Operates(r *http.Request) bool {
	password, provider, err := g.Ways()
	if err != nil {
		return false
	}
	if !password && !provider {
		return true
	}
	if http.NewCrossOriginProtection().Check(r) != nil {
		return false
	}
	v, err := g.Visitor(r)
	return err == nil && v.Role >= Admin
}
