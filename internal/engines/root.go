package engines

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

const module = "module github.com/tocsin-monitoring/tocsin\n"

// Root is the repository's root: the nearest folder at or above dir whose
// go.mod is ours.
func Root(dir string) (string, error) {
	start, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("looking for the repository: %w", err)
	}
	for at := start; ; at = filepath.Dir(at) {
		text, err := os.ReadFile(filepath.Join(at, "go.mod"))
		if err == nil && bytes.Contains(text, []byte(module)) {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("looking for the repository: neither %q nor a folder above it holds Tocsin's go.mod (run this inside a clone)", start)
		}
	}
}
