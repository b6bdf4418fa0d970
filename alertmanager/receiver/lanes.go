package receiver

import (
	"slices"
	"sync"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

const (
	// perWay bounds what one channel is given at once.
	perWay = 8
	// patience is for how long a claimed message waits for its channel before it
	// goes back to the outbox: it must not keep the others from theirs, and what
	// it says must not be old when it goes out.
	patience = time.Second
)

// lanes are the ways with what is on them, so that a slow channel holds up
// nobody but those who wait for it.
type lanes struct {
	ways map[string]chan struct{} // holds one value per sending under way

	mu      sync.Mutex
	crowded map[string]bool // ways that somebody waited for in vain
}

func newLanes() *lanes {
	l := &lanes{ways: map[string]chan struct{}{}, crowded: map[string]bool{}}
	for _, kind := range notify.Kinds() {
		l.ways[kind.Way] = make(chan struct{}, perWay)
	}
	return l
}

// enter waits until a way is free. When it is not for too long, the way is
// crowded; first is true for who finds that out.
func (l *lanes) enter(way string) (entered, first bool) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case l.ways[way] <- struct{}{}:
		return true, false
	case <-timer.C:
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	first = !l.crowded[way]
	l.crowded[way] = true
	return false, first
}

func (l *lanes) leave(way string) { <-l.ways[way] }

// room is how much more each crowded way can be given now.
func (l *lanes) room() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	room := map[string]int{}
	for way := range l.crowded {
		room[way] = cap(l.ways[way]) - len(l.ways[way])
	}
	return room
}

// clear notes that nothing waits for a way any more.
func (l *lanes) clear(ways []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, way := range ways {
		delete(l.crowded, way)
	}
}

// admit leaves out what is for a crowded way without room.
func admit(work []sending, room map[string]int) (admitted, over []sending) {
	taken := map[string]int{}
	over = slices.Clone(work)
	over = slices.DeleteFunc(over, func(s sending) bool {
		most, crowded := room[s.entry.Way]
		fits := !crowded || taken[s.entry.Way] < most
		if fits {
			taken[s.entry.Way]++
			admitted = append(admitted, s)
		}
		return fits
	})
	return admitted, over
}
