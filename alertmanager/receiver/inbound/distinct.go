package inbound

import (
	"errors"
	"fmt"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// subject is what an event of a post is about.
type subject struct {
	service, rule string
	ended         bool
}

// distinct parts the alerts of one post that fire with one key and are of
// different services or rules. Of one key only the newest is kept, and the
// others would end unheard: those behind the first get a key of their own, and
// the error says so, because an end that comes alone finds the first only.
func distinct(c *catalog.Catalog, in *catalog.Inbound, events []Event) ([]Event, error) {
	if len(events) < 2 {
		return events, nil
	}
	first := map[string]subject{}
	var ends []Event
	var problems []error
	for n := range events {
		e := &events[n]
		labels, _ := Label(c, in, *e)
		is := subject{labels["service"], labels["rule"], e.Ended}
		before, known := first[e.Key]
		switch {
		case !known:
			first[e.Key] = is
		case before.service == is.service && before.rule == is.rule:
		case e.Ended:
			own := *e
			own.Key = is.key(e.Key)
			ends = append(ends, own)
		case !before.ended:
			problems = append(problems, fmt.Errorf("%q of %q has the key %q, as %q of %q has in the same message: make the key of inbound.%s say more",
				is.rule, is.service, line(e.Key), before.rule, before.service, in.Name))
			e.Key = is.key(e.Key)
		}
	}
	return append(events, ends...), errors.Join(problems...)
}

func (s subject) key(of string) string { return of + "\n" + s.service + "\n" + s.rule }
