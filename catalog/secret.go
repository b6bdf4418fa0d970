package catalog

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// maxSecret bounds what is read from a secret's file.
const maxSecret = 1 << 20

// Secret is the place of a file whose content nobody prints: {file: PATH}, or
// a key that ends in _file. Path is absolute after loading.
type Secret struct {
	Path  string `yaml:"file"`
	at    Position
	place string // in the catalogue
}

// Read returns the file's content without surrounding white space. It reads
// the file each time, so that a rotated secret is seen. The error names the
// place in the catalogue and the file, never the content.
func (s *Secret) Read() (string, error) {
	content, err := readAtMost(s.Path, maxSecret+1)
	switch {
	case err != nil:
		err = fmt.Errorf("reading the file of a secret: %w", err)
	case len(content) > maxSecret:
		err = fmt.Errorf("the file of a secret is too long: %q (want at most %d bytes)", s.Path, maxSecret)
	case strings.TrimSpace(string(content)) == "":
		err = fmt.Errorf("the file of a secret is empty: %q", s.Path)
	}
	if err != nil {
		return "", &Error{Position: s.at, Path: s.place, Problem: err.Error(), cause: err}
	}
	return strings.TrimSpace(string(content)), nil
}

// readAtMost reads the beginning of a file.
func readAtMost(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, limit))
}

// String hides everything but the place of the file.
func (s *Secret) String() string { return "{file: " + s.Path + "}" }

// Text is a value that may be written in place or kept in a file: "probe" or
// {file: PATH}.
type Text struct {
	Literal string
	File    *Secret
}

// Read is the value, from the file when there is one.
func (t Text) Read() (string, error) {
	if t.File != nil {
		return t.File.Read()
	}
	return t.Literal, nil
}
