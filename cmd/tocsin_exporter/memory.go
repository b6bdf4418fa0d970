package main

import "runtime/debug"

// lean is by how many percent the heap may grow between two collections. Most
// of the exporter's heap stays as long as its catalogue, so collecting more
// often than Go would costs little and saves memory.
const lean = 75

// saveMemory trades processor time for memory, unless the operator has made the
// choice with GOGC or GOMEMLIMIT.
func saveMemory(getenv func(string) string) {
	if getenv("GOGC") == "" && getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(lean)
	}
}
