package up

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/tocsin-monitoring/tocsin/internal/engines"
)

type composeFile struct {
	Services map[string]composeService `yaml:"services"`
	Volumes  map[string]any            `yaml:"volumes"`
}

type composeService struct {
	Image       string         `yaml:"image"`
	NetworkMode string         `yaml:"network_mode"`
	DependsOn   map[string]any `yaml:"depends_on"`
	Command     []string       `yaml:"command"`
	Ports       []string       `yaml:"ports"`
	Volumes     []string       `yaml:"volumes"`
	Healthcheck *struct {
		Test []string `yaml:"test"`
	} `yaml:"healthcheck"`
}

func readCompose(t *testing.T) (composeFile, string) {
	t.Helper()
	root, err := engines.Root(".")
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(root, "docker-compose.yml"))
	require.NoError(t, err)
	var file composeFile
	require.NoError(t, yaml.Unmarshal(text, &file))
	return file, root
}

func TestComposePinsTheSameEngines(t *testing.T) {
	file, _ := readCompose(t)
	require.Equal(t, "prom/prometheus:v"+engines.PrometheusVersion, file.Services["prometheus"].Image)
	require.Equal(t, "prom/alertmanager:v"+engines.AlertmanagerVersion, file.Services["alertmanager"].Image)
	for name, service := range file.Services {
		require.Regexp(t, `:(v?\d+\.\d+\.\d+|local)$`, service.Image, name)
	}
}

func TestComposeAsksEachContainerWhatUpAsks(t *testing.T) {
	file, _ := readCompose(t)
	order := containers()
	require.Len(t, file.Services, len(all(order)))
	for _, p := range all(order) {
		service, found := file.Services[p.name]
		require.True(t, found, p.name)
		require.NotNil(t, service.Healthcheck, p.name)
		require.Equal(t, p.ready, service.Healthcheck.Test[len(service.Healthcheck.Test)-1])
	}
}

func TestComposeSharesOneNamespaceAndPublishesOnLoopback(t *testing.T) {
	file, _ := readCompose(t)
	const owner = "inbox"
	order := containers()
	var want []string
	for _, p := range all(order) {
		for _, address := range p.listens {
			port := address[strings.LastIndex(address, ":")+1:]
			want = append(want, fmt.Sprintf("127.0.0.1:%s:%s", port, port))
		}
	}
	require.ElementsMatch(t, want, file.Services[owner].Ports)
	for name, service := range file.Services {
		if name != owner {
			require.Equal(t, "service:"+owner, service.NetworkMode, name)
			require.Empty(t, service.Ports, name)
			require.NotEmpty(t, service.DependsOn, name)
		}
	}
}

func TestComposeMountsWhatExists(t *testing.T) {
	file, root := readCompose(t)
	for name, service := range file.Services {
		for _, volume := range service.Volumes {
			source, _, _ := strings.Cut(volume, ":")
			if !strings.HasPrefix(source, ".") {
				require.Contains(t, file.Volumes, source, name)
				continue
			}
			require.FileExists(t, mustExist(t, filepath.Join(root, source)), name)
			require.True(t, strings.HasSuffix(volume, ":ro"), "%s writes into the repository: %s", name, volume)
		}
	}
}

// The same flags in both modes, apart from where things lie.
func TestComposeGivesTheEnginesTheSameFlags(t *testing.T) {
	file, _ := readCompose(t)
	only := []string{"--web.listen-address", "--log.level"}
	for _, p := range all(stages(places{}, "info", "warn")) {
		for _, arg := range p.args {
			flag, _, assigned := strings.Cut(arg, "=")
			if assigned && !slices.Contains(only, flag) && flag != "--state" {
				require.True(t, slices.ContainsFunc(file.Services[p.name].Command, func(have string) bool {
					return strings.HasPrefix(have, flag+"=")
				}), "%s lacks %s", p.name, flag)
			}
		}
	}
}

// mustExist returns a file for the path: itself, or a file in that folder.
func mustExist(t *testing.T, path string) string {
	t.Helper()
	info, err := os.Stat(path)
	require.NoError(t, err)
	if !info.IsDir() {
		return path
	}
	entries, err := os.ReadDir(path)
	require.NoError(t, err)
	require.NotEmpty(t, entries, path)
	for _, entry := range entries {
		if !entry.IsDir() {
			return filepath.Join(path, entry.Name())
		}
	}
	return mustExist(t, filepath.Join(path, entries[0].Name()))
}
