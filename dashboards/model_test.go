package dashboards

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// dashboard is the part of Grafana's classic model that the tests judge.
type dashboard struct {
	UID           string   `json:"uid"`
	Title         string   `json:"title"`
	Description   string   `json:"description"`
	Tags          []string `json:"tags"`
	SchemaVersion int      `json:"schemaVersion"`
	GraphTooltip  int      `json:"graphTooltip"`
	Refresh       string   `json:"refresh"`
	Inputs        any      `json:"__inputs"`
	Links         []link   `json:"links"`
	Panels        []panel  `json:"panels"`
	Annotations   struct {
		List []annotation `json:"list"`
	} `json:"annotations"`
	Templating struct {
		List []variable `json:"list"`
	} `json:"templating"`
}

type panel struct {
	ID          int      `json:"id"`
	Type        string   `json:"type"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Collapsed   bool     `json:"collapsed"`
	Panels      []panel  `json:"panels"`
	Datasource  source   `json:"datasource"`
	Targets     []target `json:"targets"`
	GridPos     grid     `json:"gridPos"`
	FieldConfig struct {
		Defaults  field `json:"defaults"`
		Overrides []struct {
			Properties []struct {
				ID    string          `json:"id"`
				Value json.RawMessage `json:"value"`
			} `json:"properties"`
		} `json:"overrides"`
	} `json:"fieldConfig"`
	Options struct {
		ColorMode    string `json:"colorMode"`
		MergeValues  bool   `json:"mergeValues"`
		ReduceOption struct {
			Values bool `json:"values"`
			Limit  int  `json:"limit"`
		} `json:"reduceOptions"`
	} `json:"options"`
	Transformations []struct {
		ID string `json:"id"`
	} `json:"transformations"`
}

type field struct {
	Unit       string     `json:"unit"`
	NoValue    string     `json:"noValue"`
	Links      []link     `json:"links"`
	Thresholds thresholds `json:"thresholds"`
	Color      struct {
		Mode string `json:"mode"`
	} `json:"color"`
}

type thresholds struct {
	Steps []struct {
		Color string   `json:"color"`
		Value *float64 `json:"value"`
	} `json:"steps"`
}

type grid struct{ X, Y, W, H int }

type source struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type target struct {
	RefID        string `json:"refId"`
	Expr         string `json:"expr"`
	LegendFormat string `json:"legendFormat"`
	Format       string `json:"format"`
	Instant      bool   `json:"instant"`
	Range        bool   `json:"range"`
	Datasource   source `json:"datasource"`
}

type annotation struct {
	Name            string `json:"name"`
	Expr            string `json:"expr"`
	IconColor       string `json:"iconColor"`
	UseValueForTime bool   `json:"useValueForTime"`
	Datasource      source `json:"datasource"`
}

type link struct {
	Type        string   `json:"type"`
	Title       string   `json:"title"`
	URL         string   `json:"url"`
	Tags        []string `json:"tags"`
	KeepTime    bool     `json:"keepTime"`
	IncludeVars bool     `json:"includeVars"`
}

type variable struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Hide        int    `json:"hide"`
	SkipURLSync bool   `json:"skipUrlSync"`
	Datasource  source `json:"datasource"`
	Query       any    `json:"query"`
	Definition  string `json:"definition"`
}

func load(t *testing.T, file string) dashboard {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var d dashboard
	require.NoError(t, json.Unmarshal(text, &d))
	return d
}

// all lists the panels that draw something, folded ones too.
func (d dashboard) all() []panel {
	var found []panel
	for _, p := range d.Panels {
		if p.Type == "row" {
			found = append(found, p.Panels...)
			continue
		}
		found = append(found, p)
	}
	return found
}

// eachPanel runs a test for every panel of every dashboard.
func eachPanel(t *testing.T, test func(t *testing.T, p panel)) {
	for _, file := range files(t) {
		for _, p := range load(t, file).all() {
			t.Run(file+"/"+p.Title, func(t *testing.T) { test(t, p) })
		}
	}
}

func TestDashboards(t *testing.T) {
	uids := map[string]string{"overview.json": "tocsin-overview", "service.json": "tocsin-service"}
	for _, file := range files(t) {
		t.Run(file, func(t *testing.T) {
			d := load(t, file)
			require.Equal(t, uids[file], d.UID, "alerts and people's bookmarks name it")
			require.Contains(t, d.Tags, "tocsin", "the list of dashboards is by tag")
			require.NotEmpty(t, d.Title)
			require.NotEmpty(t, d.Description)
			require.Equal(t, 42, d.SchemaVersion, "the last classic one")
			require.Equal(t, 1, d.GraphTooltip, "a shared crosshair")
			require.Nil(t, d.Inputs, "an input leaves every panel of a provisioned dashboard empty")
			require.Equal(t, "datasource", d.Templating.List[0].Name)
			require.Equal(t, "datasource", d.Templating.List[0].Type)
			for _, v := range d.Templating.List {
				if v.Hide == 2 {
					require.Truef(t, v.SkipURLSync, "%s is hidden: it must not fill the address", v.Name)
				}
			}
		})
	}
}

func TestDataSourcesAreTheVariable(t *testing.T) {
	for _, file := range files(t) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, uid := range regexp.MustCompile(`"uid": "([^"]*)"`).FindAllStringSubmatch(string(text), -1) {
			require.Contains(t, []string{"${datasource}", load(t, file).UID}, uid[1], file)
		}
		for _, a := range load(t, file).Annotations.List {
			require.Equal(t, source{"prometheus", "${datasource}"}, a.Datasource, a.Name)
		}
	}
	eachPanel(t, func(t *testing.T, p panel) {
		require.Equal(t, source{"prometheus", "${datasource}"}, p.Datasource)
		for _, target := range p.Targets {
			require.Equal(t, p.Datasource, target.Datasource)
		}
	})
}

func TestPanelsAreNumberedOnce(t *testing.T) {
	for _, file := range files(t) {
		d := load(t, file)
		ids := map[int]string{}
		for _, p := range append(d.all(), rows(d)...) {
			require.NotZero(t, p.ID)
			require.Emptyf(t, ids[p.ID], "%s: %s has the id of %s", file, p.Title, ids[p.ID])
			ids[p.ID] = p.Title
		}
	}
}

// TestPanelsDoNotOverlap judges what is in sight, and each folded row by itself:
// Grafana moves what follows when a row is unfolded.
func TestPanelsDoNotOverlap(t *testing.T) {
	for _, file := range files(t) {
		d := load(t, file)
		requireApart(t, d.Panels)
		for _, row := range rows(d) {
			requireApart(t, row.Panels)
			for _, p := range row.Panels {
				require.Greater(t, p.GridPos.Y, row.GridPos.Y, p.Title)
			}
		}
	}
}

func requireApart(t *testing.T, panels []panel) {
	t.Helper()
	taken := map[[2]int]string{}
	for _, p := range panels {
		g := p.GridPos
		require.LessOrEqual(t, g.X+g.W, 24, p.Title)
		for x := g.X; x < g.X+g.W; x++ {
			for y := g.Y; y < g.Y+g.H; y++ {
				require.Emptyf(t, taken[[2]int{x, y}], "%s lies on %s", p.Title, taken[[2]int{x, y}])
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
}

func rows(d dashboard) []panel {
	var found []panel
	for _, p := range d.Panels {
		if p.Type == "row" {
			found = append(found, p)
		}
	}
	return found
}

func TestPanels(t *testing.T) {
	known := []string{"stat", "timeseries", "table", "state-timeline"}
	eachPanel(t, func(t *testing.T, p panel) {
		require.Contains(t, known, p.Type)
		require.NotEmpty(t, p.Title)
		require.Greater(t, len(p.Description), 40, "say what is seen and what to make of it")
		require.True(t, strings.HasSuffix(p.Description, "."))
		require.NotEmpty(t, p.FieldConfig.Defaults.Unit)
		require.NotEmpty(t, p.Targets)
		require.GreaterOrEqual(t, p.GridPos.H, 4, "lower panels cannot be read on a phone")
		ids := map[string]bool{}
		for _, target := range p.Targets {
			require.NotEmpty(t, target.RefID)
			require.False(t, ids[target.RefID])
			ids[target.RefID] = true
			require.NotEqual(t, target.Instant, target.Range, "one or the other")
			require.Equal(t, p.Type == "timeseries" || p.Type == "state-timeline", target.Range)
			if target.Format != "table" {
				require.NotEmpty(t, target.LegendFormat)
			}
		}
		if p.Type == "table" && len(p.Targets) > 1 {
			require.Equal(t, "merge", p.Transformations[0].ID, "without it only the first query shows")
		}
		if p.Type == "stat" && p.Options.ReduceOption.Values {
			require.NotZero(t, p.Options.ReduceOption.Limit, "25 otherwise")
		}
		if p.Type == "state-timeline" {
			require.Equal(t, "fixed", p.FieldConfig.Defaults.Color.Mode, "by thresholds, merged values lose their colours: an outage would not show")
		}
	})
}

// TestNothingIsGreenByDefault: where no data came, the colour of the lowest step
// shows. Good news has to be measured.
func TestNothingIsGreenByDefault(t *testing.T) {
	eachPanel(t, func(t *testing.T, p panel) {
		all := []thresholds{p.FieldConfig.Defaults.Thresholds}
		require.NotEmpty(t, all[0].Steps, "Grafana's default is green")
		for _, override := range p.FieldConfig.Overrides {
			for _, property := range override.Properties {
				if property.ID == "thresholds" {
					var own thresholds
					require.NoError(t, json.Unmarshal(property.Value, &own))
					all = append(all, own)
				}
			}
		}
		for _, steps := range all {
			require.Nil(t, steps.Steps[0].Value)
			require.NotContains(t, steps.Steps[0].Color, "green")
			for _, step := range steps.Steps[1:] {
				require.NotNil(t, step.Value)
			}
		}
	})
}

func TestEmptyPanelsSayWhy(t *testing.T) {
	eachPanel(t, func(t *testing.T, p panel) {
		require.NotEmpty(t, p.FieldConfig.Defaults.NoValue, "\"No data\" can mean anything")
	})
}

func TestLinksResolve(t *testing.T) {
	uids := map[string]bool{}
	for _, file := range files(t) {
		uids[load(t, file).UID] = true
	}
	for _, file := range files(t) {
		t.Run(file, func(t *testing.T) {
			d := load(t, file)
			links := d.Links
			for _, p := range d.all() {
				links = append(links, p.FieldConfig.Defaults.Links...)
				for _, override := range p.FieldConfig.Overrides {
					for _, property := range override.Properties {
						if property.ID == "links" {
							var own []link
							require.NoError(t, json.Unmarshal(property.Value, &own))
							links = append(links, own...)
						}
					}
				}
			}
			require.NotEmpty(t, links)
			for _, l := range links {
				requireLink(t, d, uids, l)
			}
		})
	}
}

// requireLink holds a link against the dashboards and variables that exist.
func requireLink(t *testing.T, d dashboard, uids map[string]bool, l link) {
	t.Helper()
	require.NotEmpty(t, l.Title)
	if l.Type == "dashboards" {
		require.Equal(t, []string{"tocsin"}, l.Tags)
		require.True(t, l.KeepTime)
		require.True(t, l.IncludeVars)
		return
	}
	if path, ok := strings.CutPrefix(l.URL, "/d/"); ok {
		uid, query, _ := strings.Cut(path, "?")
		require.True(t, uids[uid], "no dashboard has the uid %q", uid)
		require.Contains(t, query, "${__url_time_range}", "the range is kept")
		require.Contains(t, query, "${datasource:queryparam}")
		require.Contains(t, query, "var-service=")
		return
	}
	name := regexp.MustCompile(`^\$\{(\w+):raw\}`).FindStringSubmatch(l.URL)
	require.Len(t, name, 2, "%s: an address outside comes from the catalogue", l.URL)
	for _, v := range d.Templating.List {
		if v.Name == name[1] {
			return
		}
	}
	require.Failf(t, "no such variable", "%s names %s", l.URL, name[1])
}

// TestEventsStandWhereTheyHappened: a region drawn from samples falls apart at
// wide ranges, and events from before the range would pile up at its left edge.
func TestEventsStandWhereTheyHappened(t *testing.T) {
	for _, file := range files(t) {
		for _, a := range load(t, file).Annotations.List {
			t.Run(file+"/"+a.Name, func(t *testing.T) {
				require.True(t, a.UseValueForTime)
				require.Contains(t, a.Expr, "* 1000 >= $__from")
				require.NotEmpty(t, a.IconColor)
			})
		}
	}
}
