// Package pager runs real receivers over a catalogue of many services, and a
// phone that notes what it is told.
//
// It is for what is asked of the receiver as a program: that it can be killed
// at any instant (test/kill), that two of them page once
// (cmd/tocsin_receiver), and that it bears a flood (test/bench/receiver). They
// write a catalogue, start receivers, post alerts and count messages.
//
// The phone is a push server that answers as ntfy does; it can be made to take
// a message and never say so, which is the one moment in which a message may
// come twice.
package pager
