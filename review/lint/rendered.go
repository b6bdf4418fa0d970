package lint

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/tocsin-monitoring/tocsin/alertmanager/render"
)

const diffLines = 20

// rendered checks that Alertmanager's configuration is what the catalogue says.
func rendered(in Input) []Finding {
	if in.Rendered == "" {
		return []Finding{{Skipped, "Alertmanager's configuration is kept elsewhere"}}
	}
	want, err := render.Config(in.Catalog, in.Options)
	if err != nil {
		return []Finding{{Problem, err.Error()}}
	}
	have, err := os.ReadFile(in.Rendered)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []Finding{{Problem, fmt.Sprintf("%s is not there: run %s", in.Rendered, in.Render)}}
	case err != nil:
		return []Finding{{Problem, err.Error()}}
	case bytes.Equal(have, want):
		return []Finding{{Good, in.Rendered + " is what the catalogue says"}}
	}
	text := fmt.Sprintf("%s is stale: run %s\n%s", in.Rendered, in.Render, shortDiff(in.Rendered, have, want))
	return []Finding{{Problem, strings.TrimRight(text, "\n")}}
}

// shortDiff is the beginning of the difference, from what lies there to what
// rendering would write.
func shortDiff(name string, have, want []byte) string {
	lines := strings.SplitAfter(string(diff.Diff(name, have, "tocsin render", want)), "\n")
	lines = lines[1:] // the command that nobody ran
	if len(lines) <= diffLines {
		return strings.Join(lines, "")
	}
	return strings.Join(lines[:diffLines], "") + fmt.Sprintf("… and %d lines more\n", len(lines)-diffLines)
}

// texts checks the messages' texts beside the configuration: without them
// every message fails, and only when it is to be sent.
func texts(in Input) []Finding {
	if in.Rendered == "" {
		return []Finding{{Skipped, "they lie beside the configuration, which is kept elsewhere"}}
	}
	dir := filepath.Join(filepath.Dir(in.Rendered), render.Templates)
	var findings []Finding
	shipped, err := render.Texts()
	if err != nil {
		return []Finding{{Problem, err.Error()}}
	}
	for _, text := range shipped {
		file := filepath.Join(dir, text.Name)
		have, err := os.ReadFile(file)
		switch {
		case err != nil:
			findings = append(findings, Finding{Problem, fmt.Sprintf("%v: run %s", err, in.Render)})
		case !bytes.Equal(have, text.Content):
			findings = append(findings, Finding{Problem, fmt.Sprintf("%s is not as shipped: run %s, and define your own texts in a file that sorts after it", file, in.Render)})
		}
	}
	return orGood(findings, fmt.Sprintf("%s in %s as shipped", counted(len(shipped)), dir))
}
