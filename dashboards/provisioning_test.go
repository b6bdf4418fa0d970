package dashboards

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func read(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, into))
}

// TestTheDataSourceKnowsTheScrapeInterval: $__rate_interval is made of it.
func TestTheDataSourceKnowsTheScrapeInterval(t *testing.T) {
	var provisioned struct {
		Datasources []struct {
			UID      string
			Type     string
			URL      string
			JSONData struct {
				TimeInterval string `yaml:"timeInterval"`
			} `yaml:"jsonData"`
		}
	}
	read(t, "provisioning/datasources/tocsin.yml", &provisioned)
	var prometheus struct {
		Global struct {
			ScrapeInterval string `yaml:"scrape_interval"`
		}
	}
	read(t, "../rules/prometheus.yml", &prometheus)
	require.Len(t, provisioned.Datasources, 1)
	d := provisioned.Datasources[0]
	require.Equal(t, "prometheus", d.Type)
	require.NotEmpty(t, d.UID)
	require.Equal(t, "http://127.0.0.1:9090", d.URL)
	require.Equal(t, prometheus.Global.ScrapeInterval, d.JSONData.TimeInterval)
}

// TestGrafanaFindsTheDashboards where docker-compose.yml mounts them.
func TestGrafanaFindsTheDashboards(t *testing.T) {
	var provisioned struct {
		Providers []struct {
			Type    string
			Options struct{ Path string }
		}
	}
	read(t, "provisioning/dashboards/tocsin.yml", &provisioned)
	require.Len(t, provisioned.Providers, 1)
	require.Equal(t, "file", provisioned.Providers[0].Type)
	var compose struct {
		Services struct {
			Grafana struct {
				Environment map[string]string
				Volumes     []string
			}
		}
	}
	read(t, "../docker-compose.yml", &compose)
	grafana := compose.Services.Grafana
	path := provisioned.Providers[0].Options.Path
	require.Contains(t, grafana.Volumes, "./dashboards:"+path+":ro")
	require.Contains(t, grafana.Volumes, "./dashboards/provisioning:/etc/grafana/provisioning:ro")
	require.Equal(t, path+"/overview.json", grafana.Environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
}
