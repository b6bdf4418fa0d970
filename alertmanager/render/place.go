package render

import (
	"path/filepath"
	"strings"
)

// Templates is where the message texts lie, beside the rendered file.
const Templates = "templates"

const templatePattern = "tocsin-*.tmpl"

// place knows how the rendered file names other files. Alertmanager reads
// templates and http_config's files relative to its configuration file, but
// api_url_file, webhook_url_file, auth_password_file and the like relative to
// its working directory, which we cannot know: those are always absolute.
type place struct {
	catalogue, output, installed string
}

// absolute is path as Alertmanager's machine has it.
func (p place) absolute(path string) string {
	within, inside := relative(p.catalogue, path)
	if p.installed != "" && inside {
		return filepath.Join(p.installed, within)
	}
	return path
}

// beside is path relative to the rendered file when both lie in the
// catalogue's tree, which can then be moved as a whole.
func (p place) beside(path string) string {
	_, inside := relative(p.catalogue, path)
	_, together := relative(p.catalogue, p.output)
	if p.output == "" || !inside || !together {
		return p.absolute(path)
	}
	beside, err := filepath.Rel(p.output, path)
	if err != nil {
		return p.absolute(path)
	}
	return filepath.ToSlash(beside)
}

// templates is the pattern of the texts, which lie beside the file.
func (p place) templates() string { return Templates + "/" + templatePattern }

func relative(folder, path string) (string, bool) {
	within, err := filepath.Rel(folder, path)
	if err != nil || within == ".." || strings.HasPrefix(within, ".."+string(filepath.Separator)) {
		return "", false
	}
	return within, true
}
