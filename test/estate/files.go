package estate

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// copyFiles writes the estate's configuration: whole folders as they are, then
// the three files with addresses changed.
func (e *Estate) copyFiles() error {
	for _, folder := range []string{"rules", "alertmanager/templates", "demo"} {
		if err := copyFolder(filepath.Join(e.options.Root, folder), filepath.Join(e.options.Dir, folder)); err != nil {
			return err
		}
	}
	var files Files
	texts := map[string]*string{
		"tocsin.yml": &files.Catalogue, "rules/prometheus.yml": &files.Prometheus, "alertmanager/alertmanager.yml": &files.Alertmanager,
	}
	for name, text := range texts {
		content, err := os.ReadFile(filepath.Join(e.options.Root, name))
		if err != nil {
			return fmt.Errorf("copying the estate's files: %w", err)
		}
		*text = string(content)
	}
	if e.options.Edit != nil {
		e.options.Edit(&files)
	}
	replace := e.replacer()
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(e.options.Dir, name), []byte(replace.Replace(*text)), 0o600); err != nil {
			return fmt.Errorf("writing the estate's files: %w", err)
		}
	}
	return nil
}

func (e *Estate) replacer() *strings.Replacer {
	var pairs []string
	for from, to := range e.addresses {
		pairs = append(pairs, from, to)
	}
	return strings.NewReplacer(pairs...)
}

// copyFolder copies the plain files of a folder; Go files and tests stay.
func copyFolder(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("copying the estate's files: %w", err)
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		}
		if strings.HasSuffix(name, ".go") {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("copying the estate's files: %w", err)
		}
		return os.WriteFile(filepath.Join(to, name), content, 0o600)
	})
}
