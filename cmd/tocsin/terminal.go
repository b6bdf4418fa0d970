package main

import (
	"io"
	"os"

	"github.com/mattn/go-isatty"
)

// isTerminal reports whether somebody looks at w while it is written.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && isatty.IsTerminal(file.Fd())
}

// isInteractive reports whether somebody can be asked through r.
func isInteractive(r io.Reader) bool {
	file, ok := r.(*os.File)
	return ok && isatty.IsTerminal(file.Fd())
}
