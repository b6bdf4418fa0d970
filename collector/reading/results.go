package reading

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/go-kit/log"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// Item is one thing of a service to read: Section and Name are its keys in the
// catalogue, as in services.SERVICE.SECTION.NAME.
type Item[T any] struct {
	Service, Section, Name string
	Spec                   any // compared on reload, see [Task]
	Interval, Timeout      time.Duration
	Jitter                 float64
	Read                   func(ctx context.Context) (T, error)
}

// Place is where the item stands in the catalogue.
func (i Item[T]) Place() string { return "services." + i.Service + "." + i.Section + "." + i.Name }

// Result is what became of an item's last reading.
type Result[T any] struct {
	Service, Name string
	Up            bool
	Value         T         // of the last reading that succeeded
	At            time.Time // end of the last reading that succeeded; zero if none did
}

// Results reads items and keeps the last result of each. Make it with
// [NewResults].
type Results[T any] struct {
	loop *Loop

	mu   sync.Mutex
	last map[string]*Result[T] // by place; nil until the first reading has ended
}

// NewResults returns results of nothing. A nil logger is none.
func NewResults[T any](logger log.Logger) *Results[T] {
	return &Results[T]{loop: New(logger), last: map[string]*Result[T]{}}
}

// Update replaces the items. The results of those that stay are kept, the
// others are forgotten.
func (r *Results[T]) Update(cat *catalog.Catalog, items []Item[T]) {
	tasks := make([]Task, 0, len(items))
	wanted := make(map[string]bool, len(items))
	for _, i := range items {
		wanted[i.Place()] = true
		task := r.task(i)
		task.At = cat.Position(i.Place()).String()
		tasks = append(tasks, task)
	}
	r.loop.Set(tasks)
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.last, func(place string, _ *Result[T]) bool { return !wanted[place] })
}

// Run reads until ctx ends.
func (r *Results[T]) Run(ctx context.Context) error { return r.loop.Run(ctx) }

// Once reads every item one time, instead of Run.
func (r *Results[T]) Once(ctx context.Context) { r.loop.Once(ctx) }

// All returns the results of what was read at least once, by service and name.
func (r *Results[T]) All() []Result[T] {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]Result[T], 0, len(r.last))
	for _, place := range slices.Sorted(maps.Keys(r.last)) {
		all = append(all, *r.last[place])
	}
	return all
}

func (r *Results[T]) task(i Item[T]) Task {
	return Task{
		Key: i.Place(), Spec: i.Spec, Interval: i.Interval, Timeout: i.Timeout, Jitter: i.Jitter,
		Read: func(ctx context.Context) error {
			value, err := i.Read(ctx)
			if err != nil {
				return err
			}
			r.keep(i, func(last *Result[T]) { last.Up, last.Value, last.At = true, value, time.Now() })
			return nil
		},
		Failed: func(error) { r.keep(i, func(last *Result[T]) { last.Up = false }) },
	}
}

func (r *Results[T]) keep(i Item[T], change func(*Result[T])) {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := r.last[i.Place()]
	if last == nil {
		last = &Result[T]{Service: i.Service, Name: i.Name}
		r.last[i.Place()] = last
	}
	change(last)
}

// Services returns those of a catalogue that owns accepts, by name.
func Services(cat *catalog.Catalog, owns func(service string) bool) []*catalog.Service {
	var own []*catalog.Service
	for _, name := range slices.Sorted(maps.Keys(cat.Services)) {
		if owns(name) {
			own = append(own, cat.Services[name])
		}
	}
	return own
}
