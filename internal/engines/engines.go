// Package engines finds or builds the pinned Prometheus and Alertmanager.
//
// `tocsin engines` and `tocsin up` call [Ensure] before anything starts, and
// hand its folder to whoever runs an engine; tests find the same folder with
// the package enginestest. The versions stand in tools/go.mod and here, and a
// test holds them together.
//
// A program counts by what it says of itself (--version), never by where it
// lies: one on PATH is used when it says exactly the pinned version, and one
// that was built from an older pin is built again.
package engines

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/internal/gobuild"
)

// The pinned versions, as the programs print them and as container images are
// tagged (with a leading v).
const (
	PrometheusVersion   = "3.9.1"
	AlertmanagerVersion = "0.31.1"
)

// Engine is one pinned program.
type Engine struct {
	Name    string
	Package string // import path of the command
	Version string
}

// All lists the engines, those of one release next to each other.
func All() []Engine {
	return []Engine{
		{"alertmanager", "github.com/prometheus/alertmanager/cmd/alertmanager", AlertmanagerVersion},
		{"amtool", "github.com/prometheus/alertmanager/cmd/amtool", AlertmanagerVersion},
		{"prometheus", "github.com/prometheus/prometheus/cmd/prometheus", PrometheusVersion},
		{"promtool", "github.com/prometheus/prometheus/cmd/promtool", PrometheusVersion},
	}
}

// Dir is the folder of the engines under the repository's root.
func Dir(root string) string { return filepath.Join(root, ".tocsin", "engines") }

// versionStamp is the variable that both projects print as their version.
const versionStamp = "github.com/prometheus/common/version.Version"

// Ensure makes Dir(root) hold every engine in its pinned version: it keeps
// what is right, links what PATH has, and builds the rest from tools/go.mod,
// which takes some ten minutes on two cores the first time. It returns the
// folder.
func Ensure(ctx context.Context, root string, progress *gobuild.Progress) (string, error) {
	dir := Dir(root)
	missing := make(map[string][]string)
	for _, engine := range All() {
		if !find(ctx, dir, engine) {
			missing[engine.Version] = append(missing[engine.Version], engine.Package)
		}
	}
	for _, version := range []string{AlertmanagerVersion, PrometheusVersion} {
		if len(missing[version]) == 0 {
			continue
		}
		if err := build(ctx, root, missing[version], version, progress); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// find reports whether dir holds the engine, after linking one from PATH.
func find(ctx context.Context, dir string, engine Engine) bool {
	path := filepath.Join(dir, program(engine.Name))
	if Version(ctx, path) == engine.Version {
		return true
	}
	other, err := exec.LookPath(engine.Name)
	if err != nil || Version(ctx, other) != engine.Version {
		return false
	}
	if other, err = filepath.Abs(other); err != nil {
		return false
	}
	_ = os.Remove(path)
	return os.MkdirAll(dir, 0o755) == nil && os.Symlink(other, path) == nil
}

func build(ctx context.Context, root string, packages []string, version string, progress *gobuild.Progress) error {
	names := make([]string, len(packages))
	for i, path := range packages {
		names[i] = filepath.Base(path)
		// A link to a program elsewhere must not be written through.
		if err := os.Remove(filepath.Join(Dir(root), program(names[i]))); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("removing the old %s: %w", names[i], err)
		}
	}
	return gobuild.Run(ctx, gobuild.Options{
		Title:    strings.Join(names, " and ") + " " + version,
		Module:   filepath.Join(root, "tools"),
		Packages: packages,
		Output:   Dir(root),
		Stamps:   map[string]string{versionStamp: version},
		Progress: progress,
	})
}

var versionLine = regexp.MustCompile(`(?m)^\w+, version (\S+)`)

// Version is what the program at path says of itself; empty when it says
// nothing that an engine would say, or is not there.
func Version(ctx context.Context, path string) string {
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "--version").CombinedOutput()
	if err != nil {
		return ""
	}
	if match := versionLine.FindSubmatch(out); match != nil {
		return string(match[1])
	}
	return ""
}

func program(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}
