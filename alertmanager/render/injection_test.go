package render_test

import (
	"testing"
	"time"

	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/template"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/tocsin-monitoring/tocsin/alertmanager/render"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// A hostile name is data wherever it stands: the configuration has the same
// shape as with a harmless name, and every value is the name itself.
func TestNamesNeverChangeTheStructure(t *testing.T) {
	for _, name := range hostile() {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, shape(t, "harmless"), shape(t, name))

			text, err := render.Config(oneTeam(name), options())
			require.NoError(t, err)
			r := newRouter(t, text)
			labels := func(team string) model.LabelSet {
				return model.LabelSet{"alertname": "Any", "audience": "users", "severity": "critical", "team": model.LabelValue(team)}
			}
			require.Equal(t, []string{"receiver", "product/" + name, "team/" + name}, r.told(t, labels(name), time.Now()))
			require.Equal(t, []string{"receiver"}, r.told(t, labels("other"), time.Now()), "the name is no pattern")

			to := byName(r.config, "tocsin/team/"+name)
			require.Equal(t, name, expanded(t, to.SlackConfigs[0].Channel), "the name is no template")
			require.Equal(t, name, expanded(t, to.EmailConfigs[0].To))
			require.Equal(t, "/srv/tocsin/"+name, to.SlackConfigs[0].APIURLFile)
		})
	}
}

func oneTeam(name string) *catalog.Catalog {
	all := odd()
	all.Links.Board = "https://board.example.org/" + name
	all.Hours = map[string]*catalog.Hours{name: {Name: name, Days: "monday", Times: "09:00-17:00", Timezone: "UTC"}}
	all.Teams["harmless"] = &catalog.Team{
		Name: "harmless", ChannelHours: "harmless",
		Channels:        catalog.Channels{Slack: &catalog.SlackChannel{Channel: "harmless", WebhookFile: "/srv/tocsin/harmless"}, Email: &catalog.EmailChannel{To: []string{"harmless"}}},
		ProductChannels: &catalog.Channels{Email: &catalog.EmailChannel{To: []string{"harmless"}}},
	}
	all.Teams = map[string]*catalog.Team{name: all.Teams[name]} // alone, because the order follows the names
	all.Monitoring = catalog.Monitoring{}
	return all
}

// shape is the rendered document without its scalars.
func shape(t *testing.T, name string) any {
	t.Helper()
	text, err := render.Config(oneTeam(name), options())
	require.NoError(t, err)
	var document any
	require.NoError(t, yaml.Unmarshal(text, &document))
	return hollow(document)
}

func hollow(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key := range v {
			v[key] = hollow(v[key])
		}
		return v
	case []any:
		for i := range v {
			v[i] = hollow(v[i])
		}
		return v
	case string:
		return "text"
	}
	return v
}

func byName(c *config.Config, name string) config.Receiver {
	for _, r := range c.Receivers {
		if r.Name == name {
			return r
		}
	}
	return config.Receiver{}
}

func expanded(t *testing.T, text string) string {
	t.Helper()
	none, err := template.New()
	require.NoError(t, err)
	out, err := none.ExecuteTextString(text, nil)
	require.NoError(t, err)
	return out
}
