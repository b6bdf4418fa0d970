package receiver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

const (
	// reconcileEvery is how often Alertmanager is asked while something fires.
	reconcileEvery = 15 * time.Second
	// missesToEnd is how often in a row an alert must be missing: the ordinary
	// notification, which comes with the next flush, shall win.
	missesToEnd = 2
	// knowsAfter is for how long a member must have run to be believed about an
	// alert that it never had: longer than the repeat_interval of our route and
	// than the time that our rules take to fire again after a restart.
	knowsAfter = 20 * time.Minute
	// failuresToLose is after how many rounds without an answer the incidents
	// say that they are out of sight.
	failuresToLose = 4
	// mostOfAnswer bounds one member's list.
	mostOfAnswer = 64 << 20
)

// reasonUnlisted stands on the timeline.
const reasonUnlisted = "Alertmanager lists it no more, and did not say so by itself: the end of an inhibited or silenced alert is never told"

// sight is what one member of the cluster has shown of one alert.
type sight struct {
	start  string // of the member: another start has another memory
	listed bool
}

// reconciler is for one cluster. It ends alerts whose end was not told. An alert has ended when each
// member that listed it before, and has run since, lists it no more, and all
// members answer. A member that was started anew knows nothing until it has run
// for a while in which the source's watchdog came; one that cannot be asked
// knows nothing: then nothing ends.
type reconciler struct {
	receiver *Receiver
	source   string
	seen     map[string]map[string]sight // by fingerprint, then by member
	misses   map[string]int              // by fingerprint
	failures int                         // rounds in a row without an answer
	hiding   map[incident.Key]hiding     // open incidents that do not show all
	well     map[string]time.Time        // by fingerprint: since when Prometheus calls over what nobody lists
	fires    map[string]firing           // in open incidents, by fingerprint

	// Since when members list what they did not tell of; zero for what has ended here.
	unheard map[incident.Occurrence]time.Time
}

func newReconciler(r *Receiver, source string) *reconciler {
	return &reconciler{
		receiver: r, source: source, seen: map[string]map[string]sight{}, misses: map[string]int{}, well: map[string]time.Time{},
		unheard: map[incident.Occurrence]time.Time{},
	}
}

// RunReconciler asks the clusters about what fires, until ctx ends.
func (r *Receiver) RunReconciler(ctx context.Context) error {
	clusters := map[string]*reconciler{}
	every := time.NewTicker(reconcileEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
		}
		r.reconcile(ctx, clusters)
	}
}

// reconcile is a round over every cluster, beside each other: one that does not
// answer holds no other up.
func (r *Receiver) reconcile(ctx context.Context, clusters map[string]*reconciler) {
	if !r.store.Leads() {
		clear(clusters)
		return
	}
	sources := r.current.Load().catalog.Sources()
	maps.DeleteFunc(clusters, func(source string, _ *reconciler) bool { _, known := sources[source]; return !known })
	var rounds sync.WaitGroup
	for source := range sources {
		if clusters[source] == nil {
			clusters[source] = newReconciler(r, source)
		}
		c := clusters[source]
		rounds.Go(func() { c.look(ctx) })
	}
	rounds.Wait()
}

func (c *reconciler) look(ctx context.Context) {
	err := c.round(ctx)
	if err != nil && ctx.Err() == nil {
		level.Debug(c.receiver.logger).Log("msg", "Alertmanager could not be asked what still fires", "cluster", c.source, "err", err)
	}
	if err := c.sight(ctx, err); err != nil && ctx.Err() == nil {
		level.Warn(c.receiver.logger).Log("msg", "What is out of sight could not be noted", "cluster", c.source, "err", err)
	}
}

func (c *reconciler) round(ctx context.Context) error {
	members := c.receiver.current.Load().catalog.Sources()[c.source]
	fires, err := c.firing(ctx)
	if err != nil || len(members) == 0 {
		c.forgetAll()
		return err
	}
	c.fires = fires
	lists, err := c.askAll(ctx, members)
	if len(lists) > 0 { // what one has not told of is no less missing because another is away
		err = errors.Join(err, c.hear(ctx, lists))
	}
	c.forget(fires)
	if err != nil || len(fires)+len(c.hiding) == 0 {
		return err
	}
	return c.compare(ctx, fires, lists)
}

// compare draws the conclusions of what all members say of what fires here.
func (c *reconciler) compare(ctx context.Context, fires map[string]firing, lists map[string]memberList) error {
	if err := errors.Join(c.silences(ctx, lists), c.uncover(ctx, lists)); err != nil {
		return err
	}
	beats, err := c.receiver.store.Beats(ctx)
	if err != nil {
		return err
	}
	why, unlisted := "", map[string]firing{}
	for fingerprint, f := range fires {
		if f.silent != "" {
			why = f.silent
			delete(c.seen, fingerprint) // what is dropped meanwhile has expired, not ended
			delete(c.misses, fingerprint)
		} else if c.ended(fingerprint, lists, beats[f.source], f.heard) {
			if err := c.end(ctx, fingerprint, f, reasonUnlisted); err != nil {
				return err
			}
		} else if c.listed(fingerprint) {
			c.goesOn(f)
		} else {
			unlisted[fingerprint] = f
		}
	}
	if err := c.askPrometheus(ctx, unlisted, beats); err != nil {
		return err
	}
	if why != "" {
		return silence(why)
	}
	return nil
}

// listed says whether a member has an alert.
func (c *reconciler) listed(fingerprint string) bool {
	for _, s := range c.seen[fingerprint] {
		if s.listed {
			return true
		}
	}
	return false
}

// goesOn has the phones ring about what was waited for.
func (c *reconciler) goesOn(f firing) {
	if c.receiver.sleepers.sees(f.incident, c.receiver.now()) {
		wake(c.receiver.timers)
	}
}

// askAll asks every member, and notes which Prometheus each has heard. One that
// does not answer may know better than the others: then nothing is known.
func (c *reconciler) askAll(ctx context.Context, members []string) (map[string]memberList, error) {
	lists := map[string]memberList{}
	var voices []voice
	var problem error
	for _, member := range members {
		list, err := c.ask(ctx, member)
		if err != nil {
			problem = errors.Join(problem, err)
			continue
		}
		lists[member] = list
		voices = append(voices, list.voices...)
	}
	if len(lists) > 0 {
		c.receiver.hearing.note(c.receiver.now(), c.source, voices)
	}
	return lists, problem
}

// raised is what fires of an incident through this cluster.
func (c *reconciler) raised(i incident.Incident) []incident.Alert {
	return slices.DeleteFunc(i.Firing(), func(a incident.Alert) bool { return a.Source != c.source })
}

// firing lists what fires in open incidents, by fingerprint.
func (c *reconciler) firing(ctx context.Context) (map[string]firing, error) {
	found, hides := map[string]firing{}, map[incident.Key]hiding{}
	now := c.receiver.now()
	err := c.receiver.store.EachOpen(ctx, func(i incident.Incident) {
		c.hides(i, hides)
		for _, a := range c.raised(i) {
			v, _ := c.receiver.hearing.of(a)
			found[a.Fingerprint] = firing{a.Source, i.ID, a.Labels, v.since, c.receiver.hearing.silent(a, now)}
		}
	})
	c.hiding = hides
	return found, err
}

// firing is where an alert fires, and from where it came: since when its
// Prometheus is heard without a break, zero when that is not known, and why it
// is not heard now.
type firing struct {
	source   string
	incident incident.ID
	labels   map[string]string
	heard    time.Time
	silent   string
}

// ended compares what the members list with what they listed before, or waits
// until all of them must know.
func (c *reconciler) ended(fingerprint string, lists map[string]memberList, beat, heard time.Time) bool {
	before := c.seen[fingerprint]
	if before == nil {
		before = map[string]sight{}
		c.seen[fingerprint] = before
	}
	listed, dropped, knowing := false, false, 0
	for member, list := range lists {
		last := before[member]
		switch {
		case list.has(fingerprint):
			listed = true
			before[member] = sight{start: list.start, listed: true}
		case last.listed && last.start == list.start:
			dropped = true
		default:
			delete(before, member) // it never had it, or has forgotten
		}
		if c.knows(list, beat, heard) {
			knowing++
		}
	}
	if listed || !dropped && knowing < len(lists) {
		c.misses[fingerprint] = 0
		return false
	}
	c.misses[fingerprint]++
	return c.misses[fingerprint] >= missesToEnd
}

// knows says whether a member that was started anew must have been told again of
// what fires: it has run for long, and the watchdog of the source comes, without
// a break. Prometheus repeats what fires every minute.
func (c *reconciler) knows(list memberList, beat, heard time.Time) bool {
	now := c.receiver.now()
	started, err := time.Parse(time.RFC3339, list.start)
	return err == nil && now.Sub(started) >= knowsAfter && now.Sub(beat) <= missedBeats*beatEvery && now.Sub(heard) >= knowsAfter
}

func (c *reconciler) forgetAll() {
	clear(c.seen)
	clear(c.misses)
	clear(c.well)
}

// known says whether an alert fires in an open incident.
func (c *reconciler) known(fingerprint string) bool {
	_, fires := c.fires[fingerprint]
	return fires
}

func (c *reconciler) forget(fires map[string]firing) {
	for fingerprint := range c.seen {
		if _, still := fires[fingerprint]; !still {
			delete(c.seen, fingerprint)
			delete(c.misses, fingerprint)
			delete(c.well, fingerprint)
		}
	}
}

// end ends the newest occurrence of an alert, if it still fires.
func (c *reconciler) end(ctx context.Context, fingerprint string, f firing, why string) error {
	r := c.receiver
	i, err := r.store.Incident(ctx, f.incident)
	if err != nil {
		return err
	}
	for _, a := range slices.Backward(i.Alerts) {
		if a.Fingerprint != fingerprint || a.Source != c.source || a.Resolved {
			continue
		}
		now := r.now().UTC()
		a.Resolved, a.EndsAt = true, now
		return r.store.Update(ctx, func(tx *store.Tx) error {
			return r.report(tx, incident.Reported{Why: why, Alerts: []incident.Alert{a}}, now)
		})
	}
	return nil
}

// get asks a member, and gives its clock's time.
func (c *reconciler) get(ctx context.Context, member, path string, read func(*json.Decoder) error) (time.Time, error) {
	answer, err := c.receiver.current.Load().alertmanager.Get(ctx, member, path)
	if err != nil {
		return time.Time{}, fmt.Errorf("asking what fires at %s: %w", member, err)
	}
	defer func() { _ = answer.Body.Close() }()
	if err := read(json.NewDecoder(io.LimitReader(answer.Body, mostOfAnswer))); err != nil {
		return time.Time{}, fmt.Errorf("asking what fires at %s: %w", member, err)
	}
	said, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		said = c.receiver.now()
	}
	return said, nil
}
