package httpserver

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"github.com/prometheus/exporter-toolkit/web"
	"go.yaml.in/yaml/v2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/time/rate"
)

// Users are the basic_auth_users of a web configuration, for a handler that
// asks for a password on some of its routes only. The file is read anew each
// time, so that a changed password counts at once.
type Users struct {
	path string

	mu    sync.Mutex // one comparison at a time: each costs a tenth of a second
	known map[[sha256.Size]byte]bool
}

// mostKnown bounds the passwords whose comparison is remembered.
const mostKnown = 100

// NewUsers reads nothing yet. An empty path has no users.
func NewUsers(path string) *Users {
	return &Users{path: path, known: make(map[[sha256.Size]byte]bool)}
}

// hashes are the hashes of the passwords, by user.
func (u *Users) hashes() (map[string]string, error) {
	if u.path == "" {
		return nil, nil
	}
	config, err := readConfig(u.path)
	if err != nil {
		return nil, err
	}
	hashes := make(map[string]string, len(config.Users))
	for name, hash := range config.Users {
		hashes[name] = string(hash)
	}
	return hashes, nil
}

// Any says whether there are users at all.
func (u *Users) Any() (bool, error) {
	hashes, err := u.hashes()
	return len(hashes) > 0, err
}

// Has says whether there is a user of this name.
func (u *Users) Has(name string) (bool, error) {
	hashes, err := u.hashes()
	_, is := hashes[name]
	return is, err
}

// nobody is a hash of nothing that anybody knows: an unknown name takes as long
// as a wrong password.
const nobody = "$2a$10$f1cGAXE7XHj7QbUfbvzZHenrhDrlCao1UnlbY/mfJkD88l6fezhXq"

// Check says whether this is a user's password.
func (u *Users) Check(name, password string) (bool, error) {
	hashes, err := u.hashes()
	if err != nil {
		return false, err
	}
	hash, is := hashes[name]
	if !is {
		hash = nobody
	}
	key := sha256.Sum256([]byte(fmt.Sprintf("%q %q %q", name, hash, password)))
	u.mu.Lock()
	defer u.mu.Unlock()
	good, compared := u.known[key]
	if !compared {
		good = bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)) == nil && is
		if len(u.known) >= mostKnown {
			clear(u.known)
		}
		u.known[key] = good
	}
	return good, nil
}

// readConfig reads what web.Validate has found good.
func readConfig(path string) (*web.Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading web configuration: %w", err)
	}
	c := &web.Config{
		TLSConfig:  web.TLSConfig{MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS13},
		HTTPConfig: web.HTTPConfig{HTTP2: true},
	}
	if err := yaml.UnmarshalStrict(text, c); err != nil {
		return nil, fmt.Errorf("reading web configuration %q: %w", path, err)
	}
	c.TLSConfig.SetDirectory(filepath.Dir(path))
	return c, nil
}

// serveOwn serves what a web configuration says, but leaves its users to the
// handler. Certificates are read anew for each connection.
func (s *Server) serveOwn(server *http.Server) error {
	c, err := readConfig(s.options.WebConfigFile)
	if err != nil {
		return err
	}
	server.Handler = configured(c, server.Handler)
	serve := server.Serve
	if c.TLSConfig.IsEnabled() {
		if server.TLSConfig, err = web.ConfigToTLSConfig(&c.TLSConfig); err != nil {
			return err
		}
		protocols := []string{"http/1.1"}
		if c.HTTPConfig.HTTP2 {
			protocols = []string{"h2", "http/1.1"}
		} else {
			server.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
		}
		server.TLSConfig.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return tlsNow(s.options.WebConfigFile, protocols)
		}
		serve = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
	}
	failed := make(chan error, len(s.listeners))
	for _, l := range s.listeners {
		go func() { failed <- serve(l) }()
	}
	for range s.listeners {
		if served := <-failed; err == nil {
			err = served
		}
	}
	return err
}

func tlsNow(path string, protocols []string) (*tls.Config, error) {
	c, err := readConfig(path)
	if err != nil {
		return nil, err
	}
	config, err := web.ConfigToTLSConfig(&c.TLSConfig)
	if err == nil {
		config.NextProtos = protocols
	}
	return config, err
}

// configured adds the headers and the limit of a web configuration.
func configured(c *web.Config, next http.Handler) http.Handler {
	var limiter *rate.Limiter
	if c.RateLimiterConfig.Interval != 0 {
		limiter = rate.NewLimiter(rate.Every(c.RateLimiterConfig.Interval), c.RateLimiterConfig.Burst)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if limiter != nil && !limiter.Allow() {
			http.Error(w, http.StatusText(http.StatusTooManyRequests), http.StatusTooManyRequests)
			return
		}
		for name, value := range c.HTTPConfig.Header {
			w.Header().Set(name, value)
		}
		next.ServeHTTP(w, r)
	})
}
