package catalog

import (
	"strings"
	"time"
)

// Board says who may see and do what on the receiver's board.
type Board struct {
	OIDC      *OIDC      `yaml:"oidc,omitempty"`
	Roles     BoardRoles `yaml:"roles,omitempty"`
	Anonymous BoardRole  `yaml:"anonymous,omitempty"` // what somebody may who has not logged in; none where people can log in, respond otherwise
	Session   Duration   `yaml:"session,omitempty"`   // how long a login holds; 12h by default
}

// OIDC is the OpenID provider at which people log in. The receiver is its
// client, with links.board and /login/callback behind it as redirect address.
type OIDC struct {
	Issuer           string   `yaml:"issuer"` // below which /.well-known/openid-configuration lies
	ClientID         string   `yaml:"client_id"`
	ClientSecretFile string   `yaml:"client_secret_file,omitempty"` // none for a public client
	Scopes           []string `yaml:"scopes,omitempty"`             // openid, profile and email by default
	UserClaim        string   `yaml:"user_claim,omitempty"`         // what Person.Logins names; email by default
	GroupsClaim      string   `yaml:"groups_claim,omitempty"`       // groups by default
}

// BoardRoles names for each role a person, group:NAME, or everyone who has
// logged in. Nil is everyone for Read and Respond, and nobody for Admin.
type BoardRoles struct {
	Read    []string `yaml:"read,omitempty"`
	Respond []string `yaml:"respond,omitempty"`
	Admin   []string `yaml:"admin,omitempty"`
}

// What BoardRoles name beside people.
const (
	RoleEveryone = "everyone"
	RoleGroup    = "group:" // with the name of a group of the provider behind it
)

// BoardRole is what somebody may do on the board.
type BoardRole string

// The values of Board.Anonymous.
const (
	BoardNone    BoardRole = "none"
	BoardRead    BoardRole = "read"
	BoardRespond BoardRole = "respond"
)

func (r *BoardRole) parse(text string) (err error) {
	*r, err = choice(text, BoardNone, BoardRead, BoardRespond)
	return err
}

const (
	defaultSession = Duration(12 * time.Hour)
	longestSession = 30 * day
)

func (b *Board) complete() {
	b.Session = or(b.Session, defaultSession)
	if o := b.OIDC; o != nil {
		o.UserClaim, o.GroupsClaim = or(o.UserClaim, "email"), or(o.GroupsClaim, "groups")
		if o.Scopes == nil {
			o.Scopes = []string{"openid", "profile", "email"}
		}
	}
}

func (c *checker) checkBoard() {
	b := &c.Board
	if b.Session < Duration(5*time.Minute) || b.Session > longestSession {
		c.add("board.session", "got %s, want 5m to %s", b.Session, longestSession)
	}
	for role, list := range map[string][]string{"read": b.Roles.Read, "respond": b.Roles.Respond, "admin": b.Roles.Admin} {
		c.checkRole(below("board.roles", role), list)
	}
	c.checkOIDC("board.oidc", b.OIDC)
	c.checkLogins()
}

func (c *checker) checkRole(path string, list []string) {
	for i, name := range list {
		group, isGroup := strings.CutPrefix(name, RoleGroup)
		switch {
		case name == RoleEveryone:
		case isGroup && group == "":
			c.add(at(path, i), "the group has no name (got %s, want one such as group:sre)", clipped(name))
		case isGroup && c.Board.OIDC == nil && !c.said("board", "oidc"):
			c.add(at(path, i), "groups come from an OpenID provider (add board.oidc)")
		case !isGroup:
			known(c, at(path, i), "person", name, c.People)
		}
	}
	c.distinct(path, list)
}

func (c *checker) checkOIDC(path string, o *OIDC) {
	if o == nil {
		return
	}
	u := c.checkURL(below(path, "issuer"), o.Issuer)
	if u != nil && u.Scheme != "https" && !onLoopback(u.Host) {
		c.add(below(path, "issuer"), "got %s, want an address with https://", clipped(o.Issuer))
	}
	if c.Links.Board == "" && !c.said("links", "board") {
		c.add(path, "the provider leads people back to the board (add links.board)")
	}
	hasOpenID := false
	for _, scope := range o.Scopes {
		hasOpenID = hasOpenID || scope == "openid"
	}
	if !hasOpenID && c.given(below(path, "scopes")) {
		c.add(below(path, "scopes"), "openid is missing (without it the provider does not say who logs in)")
	}
	c.distinct(below(path, "scopes"), o.Scopes)
}

// checkLogins wants every login to be one person's: it decides in whose name
// something is done.
func (c *checker) checkLogins() {
	owner := map[string]string{}
	for _, id := range names(c.People) {
		owner[strings.ToLower(id)] = id
	}
	for _, id := range names(c.People) {
		path := below(below("people", id), "logins")
		for i, login := range c.People[id].Logins {
			folded := strings.ToLower(login)
			switch other := owner[folded]; {
			case strings.TrimSpace(login) != login || login == "":
				c.add(at(path, i), "got %s, want a login without spaces around it", clipped(login))
			case other != "" && other != id:
				c.add(at(path, i), "%s is the login of %s already", clipped(login), other)
			default:
				owner[folded] = id
			}
		}
		c.distinct(path, c.People[id].Logins)
	}
}
