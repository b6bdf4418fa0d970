package render

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tocsin-monitoring/tocsin/alertmanager/templates"
)

// Text is one file of messages' texts.
type Text struct {
	Name    string
	Content []byte
}

// Texts are the texts as shipped, which lie in the folder Templates beside
// the configuration.
func Texts() ([]Text, error) {
	names, err := fs.Glob(templates.Files, templatePattern)
	if err != nil {
		return nil, fmt.Errorf("listing the texts of messages: %w", err)
	}
	var texts []Text
	for _, name := range names {
		content, err := templates.Files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading the texts of messages: %w", err)
		}
		texts = append(texts, Text{name, content})
	}
	return texts, nil
}

// Write replaces the file as a whole, so that Alertmanager never reads half of
// it, and returns what was there before. It leaves a file alone that already
// says the same.
func Write(file string, content []byte) (before []byte, err error) {
	before, err = os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err == nil && bytes.Equal(before, content) {
		return before, nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return before, err
	}
	return before, replace(file, content)
}

func replace(file string, content []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // gone already when all went well
	_, err = temporary.Write(content)
	err = errors.Join(err, temporary.Chmod(0o644), temporary.Sync(), temporary.Close())
	if err != nil {
		return fmt.Errorf("writing %s: %w", file, err)
	}
	return os.Rename(temporary.Name(), file)
}
