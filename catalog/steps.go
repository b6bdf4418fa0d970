package catalog

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// completeSteps fills in the defaults of the shared lists.
func (s *Spec) completeSteps() {
	for _, steps := range s.Steps {
		steps.complete()
	}
}

// unfold puts shared steps in the place of each use of them. A use of what is
// not there, or would not end, stays as it is. It is not whole when there are
// more than maxItems.
func (s *Spec) unfold(steps Journey, path string) (_ Journey, whole bool) {
	u := unfolding{shared: s.Steps, steps: make(Journey, 0, len(steps))}
	u.add(steps, path, "")
	return u.steps, u.walked <= maxItems
}

// unfolding is a walk over a journey and what it uses.
type unfolding struct {
	shared map[string]Journey
	steps  Journey  // so far
	inside []string // the lists that the walk is inside of
	walked int
}

func (u *unfolding) add(steps Journey, path, user string) {
	for i, step := range steps {
		if u.walked++; u.walked > maxItems {
			return
		}
		step.path, step.user = at(path, i), user
		shared, known := u.shared[step.Use]
		if step.Use == "" || !known || slices.Contains(u.inside, step.Use) {
			u.steps = append(u.steps, step)
			continue
		}
		u.inside = append(u.inside, step.Use)
		u.add(shared, below("steps", step.Use), or(user, step.path))
		u.inside = u.inside[:len(u.inside)-1]
	}
}

// checkSteps looks at the shared lists, each in its own place.
func (c *checker) checkSteps() {
	own := flow{checker: c, known: make(map[string]bool)}
	for name, steps := range c.Steps {
		path := below("steps", name)
		steps.check(c, path)
		for i := range steps {
			own.addresses(at(path, i), &steps[i], false)
		}
	}
	circles(c.Steps, Journey.uses, func(name string, i int, circle []string) {
		c.add(below(at(below("steps", name), i), "use"), "the steps would never end: %s", strings.Join(circle, " → "))
	})
}

// uses is what each step uses, nothing for most.
func (steps Journey) uses() []string {
	list := make([]string, len(steps))
	for i, step := range steps {
		list[i] = step.Use
	}
	return list
}

// checkUse wants a shared list, and nothing beside its name.
func (c *checker) checkUse(path, name string) {
	known(c, below(path, "use"), "steps", name, c.Steps)
	for _, key := range names(c.fields(reflect.TypeFor[JourneyStep]())) {
		if place := below(path, key); key != "use" && c.given(place) && !slices.Contains([]string{"get", "post"}, key) {
			c.add(place, "a step that uses others has nothing of its own (want the key in steps.%s)", name)
		}
	}
}

// addOf notes a mistake that a step is in one journey, though not in another:
// where the journey uses it when it is shared.
func (c *checker) addOf(step *JourneyStep, place, format string, args ...any) {
	problem := fmt.Sprintf(format, args...)
	if step.user == "" {
		c.add(place, "%s", problem)
		return
	}
	c.add(below(step.user, "use"), "%s: %s", place, problem)
}

// circles calls found once for each circle among the items of a section, with
// who closes it, by which of what it names, and the names around it.
func circles[V any](section map[string]V, next func(V) []string, found func(name string, i int, circle []string)) {
	const (
		visiting = 1
		done     = 2
	)
	state := make(map[string]int)
	var chain []string
	var visit func(name string)
	visit = func(name string) {
		state[name] = visiting
		chain = append(chain, name)
		for i, other := range next(section[name]) {
			_, known := section[other]
			switch {
			case !known: // noted elsewhere
			case state[other] == visiting:
				found(name, i, append(slices.Clone(chain[slices.Index(chain, other):]), other))
			case state[other] != done:
				visit(other)
			}
		}
		chain = chain[:len(chain)-1]
		state[name] = done
	}
	for _, name := range names(section) {
		if state[name] != done {
			visit(name)
		}
	}
}
