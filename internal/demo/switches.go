package demo

import (
	"maps"
	"slices"
	"sync"
)

// Switch is one way to break the demo.
type Switch struct {
	Name   string
	Breaks string // what visitors notice
	Told   string // what Tocsin makes of it
}

// Switches lists every way to break the demo, in the order people try them.
func Switches() []Switch {
	return []Switch{
		{"login", "Signing in answers 500; the other pages work.", "JourneyFailing names the step POST /login."},
		{"down", "Every page of the shop answers 503.", "ServiceDown for the shop, to the developers and the product manager."},
		{"dependency", "The payments service answers 503; the shop shows a notice.", "Payments is down, and the shop's alerts name it as the likely cause."},
		{"slow", "Every page takes 1.3 seconds.", "ServiceSlow after a few minutes: half of the visits take over a second."},
		{"leak", "Memory grows to about nine tenths of its limit and stays there.", "MemoryHigh after a minute or two, to the developers only."},
		{"disk", "The shop's disk, an invented one, fills up to 93 % in two minutes and stays so.", "DiskHigh after seven minutes or so, to the developers only."},
		{"certificate", "The HTTPS door presents a certificate that ends in ten days.", "CertificateExpiring within two minutes, to the developers only."},
	}
}

// state is which switches are on. watch functions run outside the lock after
// each change.
type state struct {
	mutex sync.Mutex
	on    map[string]bool
	watch []func(name string, on bool)
}

func newState() *state {
	s := &state{on: make(map[string]bool)}
	for _, one := range Switches() {
		s.on[one.Name] = false
	}
	return s
}

// is reports whether the switch is on.
func (s *state) is(name string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.on[name]
}

// set turns a switch and reports whether there is one of that name.
func (s *state) set(name string, on bool) bool {
	s.mutex.Lock()
	was, known := s.on[name]
	if known {
		s.on[name] = on
	}
	s.mutex.Unlock()
	if known && was != on {
		for _, changed := range s.watch {
			changed(name, on)
		}
	}
	return known
}

func (s *state) reset() {
	for _, name := range slices.Sorted(maps.Keys(s.all())) {
		s.set(name, false)
	}
}

// all is a copy of the switches by name.
func (s *state) all() map[string]bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return maps.Clone(s.on)
}
