package probe

import (
	"crypto/x509"
	"os"
	"sync"
	"time"
)

const (
	// settled is how old a change must be before a file's time of change says
	// whether there was another: such times are coarse.
	settled = 2 * time.Second
	// lookEvery is how long what was found of a file is taken for true.
	lookEvery = time.Second
)

// files are the certificates and keys that probes trust and prove themselves
// with. All probes of a builder share them: a thousand that trust one authority
// look at its file once a second, and keep one pool of it. The zero value is
// ready.
type files struct {
	mu    sync.Mutex
	known map[string]*followed
}

// current is what is in a file now, or was within the last second unless afresh
// says that this is not good enough. It is another pointer when the file has
// changed.
func (f *files) current(path string, afresh bool) (*content, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	file := f.known[path]
	if file == nil {
		file = &followed{path: path}
		if f.known == nil {
			f.known = make(map[string]*followed)
		}
		f.known[path] = file
	}
	if now := time.Now(); afresh || now.Sub(file.looked) >= lookEvery || now.Before(file.looked) {
		file.look(now)
	}
	return file.found, file.failed
}

// followed is a file that is read again when it changes.
type followed struct {
	path   string
	looked time.Time
	found  *content // nil before it could be read
	failed error    // of the last look

	changed time.Time // as the file said when it was read
	size    int64
	read    time.Time
}

// content is what was in a file.
type content struct {
	text []byte
	// pool is of the authorities in it; nil where there is none.
	pool func() *x509.CertPool
}

func newContent(text []byte) *content {
	return &content{text: text, pool: sync.OnceValue(func() *x509.CertPool {
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(text) {
			return nil
		}
		return pool
	})}
}

// look costs one look at the file's time of change as long as that stays.
func (f *followed) look(now time.Time) {
	f.looked = now
	info, err := os.Stat(f.path)
	if f.failed = err; err != nil {
		return
	}
	if f.found != nil && info.ModTime().Equal(f.changed) && info.Size() == f.size && f.read.Sub(f.changed) > settled {
		return
	}
	text, err := os.ReadFile(f.path)
	if f.failed = err; err != nil {
		return
	}
	if f.found == nil || string(text) != string(f.found.text) {
		f.found = newContent(text)
	}
	f.changed, f.size, f.read = info.ModTime(), info.Size(), now
}
