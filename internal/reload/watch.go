package reload

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/go-kit/log/level"
)

// settled is how long files must be quiet before they are read: an editor
// writes in several steps, and Kubernetes swaps a folder of links.
const settled = 500 * time.Millisecond

// watch reloads when the catalogue's files change, until ctx ends. Where
// watching is impossible it says so once, and reloading by signal and request
// remains.
func (r *Reloader) watch(ctx context.Context) error {
	w, err := fsnotify.NewWatcher()
	if err == nil {
		defer func() { _ = w.Close() }()
		err = r.watchFiles(w)
	}
	if err != nil {
		level.Warn(r.logger).Log("msg", "Changes of the catalogue's files are not noticed; reload by SIGHUP or POST /-/reload", "err", err)
		<-ctx.Done()
		return nil
	}
	close(r.watching)
	r.follow(ctx, w)
	return nil
}

// follow waits for events to settle and reloads.
func (r *Reloader) follow(ctx context.Context, w *fsnotify.Watcher) {
	quiet := time.NewTimer(time.Hour)
	defer quiet.Stop()
	quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-w.Events:
			if !e.Has(fsnotify.Chmod) || e.Op != fsnotify.Chmod {
				quiet.Reset(settled)
			}
		case err := <-w.Errors:
			level.Warn(r.logger).Log("msg", "Watching the catalogue's files", "err", err)
			quiet.Reset(settled)
		case <-quiet.C:
			_ = r.watchFiles(w) // a replaced file is another one to watch
			if r.changed() {
				_ = r.Reload() // it logs its error
			}
		}
	}
}

// watchFiles watches the folder, in which files are replaced, and a single
// file itself, which may be mounted from elsewhere.
func (r *Reloader) watchFiles(w *fsnotify.Watcher) error {
	path := r.options.Path
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		return w.Add(path)
	}
	if err == nil {
		_ = w.Add(path)
	}
	return w.Add(filepath.Dir(path))
}

// changed says whether the files differ from those that were tried last, so
// that a neighbour in the same folder causes no reload.
func (r *Reloader) changed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return digest(r.options.Path) != r.tried
}
