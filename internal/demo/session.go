package demo

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"time"
)

// The one account of the shop. The password is public on purpose: it opens
// nothing but the demo.
const (
	user     = "probe"
	password = "probe"
)

const (
	sessionCookie = "shop_session"
	csrfCookie    = "shop_csrf"
	activeFor     = 5 * time.Minute
	maxActive     = 10_000
)

// sessions knows who is signed in without remembering anybody: a cookie
// carries its own proof. Only who was active lately is kept, for the metric,
// and no more than maxActive of them.
type sessions struct {
	key [32]byte
	now func() time.Time

	mutex  sync.Mutex
	active map[string]time.Time
}

func newSessions() *sessions {
	s := &sessions{now: time.Now, active: make(map[string]time.Time)}
	_, _ = rand.Read(s.key[:]) // never fails, says crypto/rand
	return s
}

// issue is an unguessable value and its proof for the purpose.
func (s *sessions) issue(purpose string) string {
	value := rand.Text()
	return value + "." + s.proof(purpose, value)
}

// valid reports whether the token was issued here for the purpose.
func (s *sessions) valid(purpose, token string) bool {
	value, proof, found := strings.Cut(token, ".")
	return found && hmac.Equal([]byte(proof), []byte(s.proof(purpose, value)))
}

func (s *sessions) proof(purpose, value string) string {
	mac := hmac.New(sha256.New, s.key[:])
	mac.Write([]byte(purpose + "\x00" + value))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// signedIn reports whether the request carries a session, and notes that its
// owner is active.
func (s *sessions) signedIn(r *http.Request) bool {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil || !s.valid(sessionCookie, cookie.Value) {
		return false
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if len(s.active) < maxActive {
		s.active[cookie.Value] = s.now()
	}
	return true
}

// count is how many sessions were active in the last five minutes.
func (s *sessions) count() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for token, seen := range s.active {
		if s.now().Sub(seen) > activeFor {
			delete(s.active, token)
		}
	}
	return len(s.active)
}

func setCookie(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, MaxAge: int(time.Hour.Seconds()),
	})
}
