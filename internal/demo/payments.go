package demo

import (
	"fmt"
	"net/http"
)

// payments is the service that the shop depends on.
func payments(switches *state) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /-/ready", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ready") })
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		if switches.is("dependency") {
			http.Error(w, "no bank answers: somebody turned the switch \"dependency\" on", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "payments are taken")
	})
	return mux
}
