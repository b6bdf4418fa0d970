package discovery

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

const (
	// serviceAccount is where a pod finds its token and its cluster's certificate:
	// https://kubernetes.io/docs/tasks/run-application/access-api-from-pod.
	serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"
	// firstPause and longestPause are between attempts that fail.
	firstPause, longestPause = time.Second, time.Minute
	// absence is how long a kind that the cluster does not have is left alone,
	// and for how long one that it had may be missing: while its definition is
	// applied anew, or a server of the cluster begins, it is for a while.
	absence = 10 * time.Minute
)

// kubernetes watches objects of a cluster: one goroutine per kind of object and
// namespace, each with the list that it keeps up to date.
type kubernetes struct {
	name     string
	spec     *catalog.KubernetesDiscovery
	settings settings

	mu       sync.Mutex
	watchers []*watcher
}

func newKubernetes(d *catalog.Discovery, s settings) source {
	return &kubernetes{name: d.Name, spec: d.Kubernetes, settings: s}
}

// watcher keeps the objects of one kind in one namespace, or in all.
type watcher struct {
	k         *kubernetes
	kind      objectKind
	namespace string    // empty for all
	missing   time.Time // since when the cluster says that it does not have the kind, though it had; zero while it has
	absent    bool      // it does not have it

	// Under k.mu:
	items  map[string]item // by namespace/name
	synced bool            // items were listed, and are not from before a restart
	err    error           // why they may be old; nil while they are followed
}

// run watches until ctx ends and all goroutines have.
func (k *kubernetes) run(ctx context.Context, last []catalog.Candidate, to sink) {
	var running sync.WaitGroup
	for _, kind := range objectKinds() {
		if !slices.Contains(k.spec.Objects, kind.plural) {
			continue
		}
		namespaces := k.spec.Namespaces
		if len(namespaces) == 0 {
			namespaces = []string{""}
		}
		for _, namespace := range namespaces {
			k.watchers = append(k.watchers, &watcher{k: k, kind: kind, namespace: namespace, items: remembered(last, kind, namespace)})
		}
	}
	for _, w := range k.watchers {
		running.Go(func() { w.run(ctx, to) })
	}
	running.Wait()
}

// remembered are the candidates of an earlier list that a watcher is for.
func remembered(last []catalog.Candidate, kind objectKind, namespace string) map[string]item {
	items := make(map[string]item)
	for _, c := range last {
		name, _, _ := strings.Cut(strings.TrimPrefix(c.Target, kind.word+" "), " ")
		if strings.HasPrefix(c.Target, kind.word+" ") && (namespace == "" || namespace == c.Group) {
			i := items[name]
			i.candidates = append(i.candidates, c)
			items[name] = i
		}
	}
	return items
}

// run lists and watches again and again, with longer and longer pauses while
// that fails.
func (w *watcher) run(ctx context.Context, to sink) {
	pause := firstPause
	for ctx.Err() == nil {
		began := time.Now()
		err := w.follow(ctx, to)
		if ctx.Err() != nil {
			return
		}
		wait := pause/2 + rand.N(pause/2)
		switch {
		case w.absent:
			wait = absence
		case errors.Is(err, errGone), err == nil, time.Since(began) > longestPause:
			pause = firstPause
		default:
			pause = min(2*pause, longestPause)
		}
		var refused *refusal
		if errors.As(err, &refused) {
			wait = max(wait, min(refused.after, longestPause))
		}
		sleep(ctx, wait)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// follow lists the objects and watches them until that fails. A watch that ends
// as it should is resumed where it ended.
func (w *watcher) follow(ctx context.Context, to sink) error {
	api, err := newAPI(w.k.spec, w.k.settings)
	if err != nil {
		w.note(to, err)
		return err
	}
	defer api.close()
	path := w.kind.api
	if w.namespace != "" {
		path += "/namespaces/" + w.namespace
	}
	path += "/" + w.kind.plural
	items, version, err := w.list(ctx, api, path)
	if w.absent = w.kind.optional && w.lacks(err, time.Now()); w.absent {
		w.take(to, make(map[string]item))
		return err
	}
	if err != nil { // even what is mended by listing again: it may never be
		w.note(to, err)
		return err
	}
	w.take(to, items)
	for err == nil {
		began := time.Now()
		version, err = w.watch(ctx, api, path, version, to)
		if err == nil && time.Since(began) < firstPause {
			sleep(ctx, firstPause)
		}
	}
	if !errors.Is(err, errGone) { // which is mended by listing again
		w.note(to, err)
	}
	return err
}

// lacks says whether the cluster does not have the kind, by the answer to a list:
// at once when nothing of it was known, and else after a while.
func (w *watcher) lacks(err error, now time.Time) bool {
	if !errors.Is(err, errAbsent) {
		w.missing = time.Time{}
		return false
	}
	if w.missing.IsZero() {
		w.missing = now
	}
	w.k.mu.Lock()
	defer w.k.mu.Unlock()
	return len(w.items) == 0 || now.Sub(w.missing) >= absence
}

// list reads all objects, page after page.
func (w *watcher) list(ctx context.Context, api *api, path string) (map[string]item, string, error) {
	items := make(map[string]item)
	version := ""
	for token := ""; ; {
		page, err := api.list(ctx, path, token)
		if err != nil {
			return nil, "", err
		}
		for _, text := range page.Items {
			if key, _, i := w.k.readObject(w.kind, text); key != "" && i.kept() {
				items[key] = i
			}
		}
		if len(items) > maxTargets {
			return nil, "", fmt.Errorf("the cluster has more than %d %s for us (want a selector or namespaces)", maxTargets, w.kind.plural)
		}
		version, token = page.Metadata.ResourceVersion, page.Metadata.Continue
		if token == "" {
			return items, version, nil
		}
	}
}

// kept says that an object is for us.
func (i item) kept() bool { return len(i.candidates) > 0 || i.rejected != nil }

// watch follows changes after a version, until the server ends the watch.
func (w *watcher) watch(ctx context.Context, api *api, path, version string, to sink) (string, error) {
	err := api.watch(ctx, path, version, func(kind string, text []byte) error {
		if kind == "BOOKMARK" {
			if v := versionOf(text); v != "" {
				version = v
			}
			return nil
		}
		key, v, i := w.k.readObject(w.kind, text)
		if v != "" {
			version = v
		}
		if key == "" {
			return fmt.Errorf("the cluster sent an object without a name")
		}
		w.change(to, key, i, kind == "DELETED")
		return nil
	})
	return version, err
}

// take puts a whole list in place of the old one.
func (w *watcher) take(to sink, items map[string]item) {
	w.k.mu.Lock()
	defer w.k.mu.Unlock()
	w.items, w.synced, w.err = items, true, nil
	w.k.tell(to)
}

// change puts one object in place of its old form.
func (w *watcher) change(to sink, key string, i item, deleted bool) {
	w.k.mu.Lock()
	defer w.k.mu.Unlock()
	_, known := w.items[key]
	switch {
	case deleted || !i.kept():
		delete(w.items, key)
	case len(i.candidates) == 0 && known: // it has become unreadable: it stays as it was
		i.candidates = w.items[key].candidates
		w.items[key] = i
	case known || len(w.items) < maxTargets:
		w.items[key] = i
	}
	if known || i.kept() {
		w.k.tell(to)
	}
}

// note keeps the list and says why it may be old.
func (w *watcher) note(to sink, err error) {
	w.k.mu.Lock()
	defer w.k.mu.Unlock()
	w.err = fmt.Errorf("watching %s: %w", w.kind.plural, err)
	w.k.tell(to)
}

// tell gives the sink the whole list, or says that nothing is known of the
// cluster yet. The caller locks.
func (k *kubernetes) tell(to sink) {
	var list []catalog.Candidate
	var rejected []catalog.Rejection
	var faults []error
	synced := false
	for _, w := range k.watchers {
		synced = synced || w.synced
		if w.err != nil {
			faults = append(faults, w.err)
		}
		for _, key := range slices.Sorted(maps.Keys(w.items)) {
			list = append(list, w.items[key].candidates...)
			if r := w.items[key].rejected; r != nil {
				rejected = append(rejected, *r)
			}
		}
	}
	if err := errors.Join(faults...); !synced && err != nil {
		to.failed(err)
	} else if synced {
		to.found(list, rejected, err)
	}
}

// place says where the API server is and how to prove who we are.
func place(spec *catalog.KubernetesDiscovery) (base, tokenFile, caFile string, err error) {
	if spec.API != "" {
		return strings.TrimSuffix(spec.API, "/"), spec.TokenFile, spec.CAFile, nil
	}
	host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return "", "", "", errors.New("this is no pod of a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set (give kubernetes.api)")
	}
	tokenFile, caFile = spec.TokenFile, spec.CAFile
	if tokenFile == "" {
		tokenFile = filepath.Join(serviceAccount, "token")
	}
	if caFile == "" {
		caFile = filepath.Join(serviceAccount, "ca.crt")
	}
	return "https://" + net.JoinHostPort(host, port), tokenFile, caFile, nil
}
