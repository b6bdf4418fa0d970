package login

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	sessionCookie = "tocsin_session"
	// anonymousFor is how long a session lasts that nobody logged in to.
	anonymousFor = 90 * 24 * time.Hour
)

// session is what the cookie holds.
type session struct {
	ID      string    `json:"id"`
	By      string    `json:"by,omitempty"`
	Login   string    `json:"login,omitempty"`
	Groups  []string  `json:"groups,omitempty"`
	Expires time.Time `json:"expires"`
}

// seal makes a signed text of a value; what for is part of the signature, so
// that it is good for nothing else.
func (g *Gate) seal(what string, value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // our own structs always can be
	}
	return base64.RawURLEncoding.EncodeToString(text) + "." + base64.RawURLEncoding.EncodeToString(g.sum(what, string(text)))
}

func (g *Gate) sum(what, text string) []byte {
	mac := hmac.New(sha256.New, g.Key)
	mac.Write([]byte(what + "\x00" + text))
	return mac.Sum(nil)
}

// open reads a signed text; false when it is not one of ours.
func (g *Gate) open(what, sealed string, into any) bool {
	payload, signature, _ := strings.Cut(sealed, ".")
	text, errText := base64.RawURLEncoding.DecodeString(payload)
	sum, errSum := base64.RawURLEncoding.DecodeString(signature)
	if errText != nil || errSum != nil || !hmac.Equal(sum, g.sum(what, string(text))) {
		return false
	}
	return json.Unmarshal(text, into) == nil
}

// session is that of a request, with whoever has it; a new one for who comes
// without one that holds.
func (g *Gate) session(r *http.Request) (session, Visitor, error) {
	fresh := Visitor{Session: rand.Text(), Fresh: true}
	s, is := g.read(r)
	if !is {
		return session{}, fresh, nil
	}
	if s.By != "" {
		ended, err := g.Sessions.SessionEnded(r.Context(), s.ID)
		if ended || err != nil {
			return session{}, fresh, err
		}
	}
	return s, Visitor{Session: s.ID, By: s.By, Login: s.Login}, nil
}

// read is the session that a request shows; false for none that we gave, or
// whose time is over.
func (g *Gate) read(r *http.Request) (s session, is bool) {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return s, false
	}
	return s, g.open("session", cookie.Value, &s) && g.Now().Before(s.Expires)
}

// groups are those of the provider; a visitor who shows a password has none.
func (s session) groups(v Visitor) []string {
	if s.By != ByOIDC || v.By != ByOIDC {
		return nil
	}
	return s.Groups
}

// Remember gives a visitor without a session one, for its forms.
func (g *Gate) Remember(w http.ResponseWriter, r *http.Request, v Visitor) {
	if v.Fresh {
		g.write(w, r, session{ID: v.Session, Expires: g.Now().Add(anonymousFor)})
	}
}

// begin starts a session that somebody logged in to. It has another number
// than the one before: whoever knew that one knows nothing.
func (g *Gate) begin(w http.ResponseWriter, r *http.Request, s session) {
	s.ID, s.Expires = rand.Text(), g.Now().Add(g.Catalog().Board.Session.Std())
	s.Groups = named(g.Catalog().Board.Roles, s.Groups)
	g.write(w, r, s)
}

func (g *Gate) write(w http.ResponseWriter, r *http.Request, s session) {
	g.cookie(w, r, sessionCookie, g.seal("session", s), s.Expires.Sub(g.Now()))
}

func (g *Gate) cookie(w http.ResponseWriter, r *http.Request, name, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(life.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: g.secure(r),
	})
}

// secure says whether the browser came by https, to us or to what stands
// before us.
func (g *Gate) secure(r *http.Request) bool {
	board, err := url.Parse(g.Catalog().Links.Board)
	return r.TLS != nil || err == nil && board.Scheme == "https" && board.Host == r.Host
}

// End logs out: the session is no good any more, also in another's hands. With
// an error the browser has forgotten it, but a copy of the cookie goes on.
func (g *Gate) End(w http.ResponseWriter, r *http.Request) error {
	g.cookie(w, r, sessionCookie, "", -time.Second)
	s, is := g.read(r)
	if !is {
		return nil
	}
	return g.Sessions.EndSession(r.Context(), s.ID, s.Expires)
}

// memory is the [Sessions] of a gate that shares them with nobody.
type memory struct {
	mu    sync.Mutex
	ended map[string]bool
}

// EndSession never fails.
func (m *memory) EndSession(_ context.Context, id string, _ time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ended[id] = true
	return nil
}

// SessionEnded never fails.
func (m *memory) SessionEnded(_ context.Context, id string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ended[id], nil
}

// FormToken is what every form of a session carries.
func (g *Gate) FormToken(v Visitor) string {
	return base64.RawURLEncoding.EncodeToString(g.sum("form", v.Session))
}

// Forged says whether a form was not made for the visitor.
func (g *Gate) Forged(v Visitor, token string) bool {
	return v.Fresh || !hmac.Equal([]byte(token), []byte(g.FormToken(v)))
}

// ByBrowser says whether it is the browser that proves who they are by itself,
// which another site's page can make it do.
func (v Visitor) ByBrowser() bool { return v.By == ByPassword || v.By == ByOIDC }
