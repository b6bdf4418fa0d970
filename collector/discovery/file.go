package discovery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// settled is how long files must be quiet before they are read.
const settled = 200 * time.Millisecond

// file reads the files of a pattern.
type file struct {
	name string
	spec *catalog.FileDiscovery
	good map[string]*listing // by path, what could be read last
}

func newFile(d *catalog.Discovery, _ settings) source {
	return &file{name: d.Name, spec: d.File, good: make(map[string]*listing)}
}

// run reads the files when they change, and each interval in any case: watching
// is impossible on some file systems.
func (f *file) run(ctx context.Context, last []catalog.Candidate, to sink) {
	var events <-chan fsnotify.Event
	var faults <-chan error
	watcher, err := fsnotify.NewWatcher()
	if err == nil {
		defer func() { _ = watcher.Close() }()
		events, faults = watcher.Events, watcher.Errors
	}
	next := time.NewTimer(0)
	defer next.Stop()
	first := true
	for {
		select {
		case <-ctx.Done():
			return
		case <-events:
			next.Reset(settled)
		case <-faults: // events were lost, so that anything may have changed
			next.Reset(settled)
		case <-next.C:
			f.follow(watcher)
			f.read(to, first && len(last) > 0)
			first = false
			next.Reset(f.spec.Interval.Std())
		}
	}
}

// follow watches the files' folders, also those that have just been made.
func (f *file) follow(watcher *fsnotify.Watcher) {
	for _, pattern := range f.spec.Paths {
		if watcher != nil {
			_ = watcher.Add(filepath.Dir(pattern)) // one that does not exist is tried again
		}
	}
}

// read tells what the files list. A file that cannot be read counts as it was;
// when that is not known, and an older list is, the older list stays.
func (f *file) read(to sink, older bool) {
	paths, err := f.paths()
	faults := []error{err}
	whole := listing{source: f.name}
	for _, path := range paths {
		l, err := f.readOne(path)
		if err == nil {
			f.good[path] = l
		} else {
			faults = append(faults, err)
			older = older && f.good[path] == nil
		}
		if good := f.good[path]; good != nil {
			whole.candidates = append(whole.candidates, good.candidates...)
			whole.rejected = append(whole.rejected, good.rejected...)
		}
	}
	for path := range f.good {
		if !slices.Contains(paths, path) {
			delete(f.good, path)
		}
	}
	err = errors.Join(faults...)
	if err != nil && (older || len(f.good) == 0) {
		to.failed(err)
		return
	}
	to.found(whole.candidates, whole.rejected, err)
}

// paths are the files there are. A file that a pattern names without a * must
// exist, and so must every folder: what is not there was not read.
func (f *file) paths() ([]string, error) {
	var found []string
	var faults []error
	for _, pattern := range f.spec.Paths {
		folder, last := filepath.Split(pattern)
		if !strings.ContainsAny(last, `*?[`) {
			found = append(found, pattern)
			continue
		}
		if _, err := os.ReadDir(folder); err != nil {
			faults = append(faults, err)
			found = append(found, f.within(folder)...)
			continue
		}
		matches, _ := filepath.Glob(pattern) // the catalogue has checked it
		found = append(found, matches...)
	}
	slices.Sort(found)
	return slices.Compact(found), errors.Join(faults...)
}

// within are the files of a folder that could be read once.
func (f *file) within(folder string) []string {
	var list []string
	for path := range f.good {
		if filepath.Dir(path) == filepath.Clean(folder) {
			list = append(list, path)
		}
	}
	return list
}

func (f *file) readOne(path string) (*listing, error) {
	opened, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = opened.Close() }()
	text, err := io.ReadAll(io.LimitReader(opened, maxAnswer+1))
	l := &listing{source: f.name}
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading %q: %w", path, err)
	case len(text) > maxAnswer:
		return nil, fmt.Errorf("%s is too long (want at most %d bytes)", path, maxAnswer)
	case len(strings.TrimSpace(string(text))) == 0:
		return nil, fmt.Errorf("%s is empty (write [] for no targets)", path)
	case filepath.Ext(path) == ".json":
		err = l.readJSON(path, text)
	default:
		err = l.readYAML(path, text)
	}
	return l, err
}
