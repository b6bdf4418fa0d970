package catalog_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

func TestTheDemoEstateLoads(t *testing.T) {
	c, err := catalog.Load("../tocsin.yml")
	require.NoError(t, err)
	login := c.Services["shop"].Probes["login"]
	require.Equal(t, "shop", login.Service)
	require.Equal(t, "GET /login", login.Journey[0].Name)
	require.Len(t, login.Journey, 3)
	require.Equal(t, "3s", login.Slow.String())
}

func TestTheDesignsExampleLoadsWithItsDefaults(t *testing.T) {
	c, err := catalog.Load("testdata/design.yml")
	require.NoError(t, err)

	find := c.Services["find-a-school"]
	require.InDelta(t, 0.9, float64(find.Thresholds.Memory), 0)
	require.InDelta(t, 0.8, float64(find.Thresholds.CPU), 0)
	require.Equal(t, 21*24*time.Hour, find.Thresholds.Certificate.Std())
	require.InDelta(t, 0.999, float64(find.Objective.Availability), 0)
	require.Equal(t, catalog.PageAlways, find.Page)
	require.Equal(t, "1m", find.PageAfter.String())

	home, login := find.Probes["home"], find.Probes["login"]
	require.Equal(t, "15s 5s 2 1s", home.Interval.String()+" "+home.Timeout.String()+" 2 "+home.Slow.String())
	require.Equal(t, []string{"dublin", "london"}, home.Locations)
	require.Equal(t, "GET", home.HTTP.Method)
	require.True(t, *home.HTTP.FollowRedirects)
	require.Equal(t, "1m", login.Interval.String(), "journeys are gentle")
	require.Equal(t, "3s", login.Slow.String(), "a second for each step")
	require.Equal(t, catalog.MeansDegraded, login.Means)
	require.True(t, login.Journey[0].Status.Has(204))
	require.True(t, login.Journey[1].Status.Has(302))
	require.False(t, login.Journey[1].Status.Has(200))

	google := c.Services["google-sign-in"]
	require.Equal(t, "1m", google.Probes["discovery"].Interval.String(), "so are questions to other people")
	require.Equal(t, catalog.PageNever, google.Page)

	require.Equal(t, "dublin", c.Defaults.Location)
	require.Equal(t, "office", c.Teams["schools"].Hours)
	require.Equal(t, "https://api.github.com", c.Accounts.GitHub.API)
	require.Equal(t, "none", c.Delivery.SMTP.TLS)
	require.Equal(t, []string{"platform@example.org"}, c.Monitoring.BreakGlass[0].Email.To)
	require.Equal(t, catalog.Later{Way: "voice", After: catalog.Duration(3 * time.Minute)}, c.Escalations["page"].Steps[0].Then[0])

	folder, err := filepath.Abs("testdata")
	require.NoError(t, err)
	require.Equal(t, filepath.Join(folder, "secrets/receiver"), c.Delivery.Receiver.TokenFile)
	require.Equal(t, filepath.Join(folder, "contacts/asha.yml"), c.People["asha"].Contacts.Path)
	require.Equal(t, filepath.Join(folder, "secrets/probe-password"), login.Journey[1].Form["password"].File.Path)
	require.Contains(t, c.Files(), catalog.File{Place: "delivery.receiver.token_file", Path: filepath.Join(folder, "secrets/receiver"), Secret: true})
}

func TestSharedStepsStandInTheJourneysThatUseThem(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	write("a.yml", `
monitoring: {team: shop}
teams: {shop: {}}
steps:
  front: [{get: "{{base}}/", extract: {next: "css:a@href"}}]
services:
  shop:
    team: shop
    probes:
      login:
        variables: {base: "https://www.example.org"}
        journey:
          - {use: login}
          - {name: log in, post: /again}
          - {use: login}
          - {get: "{{next}}"}
`)
	write("b.yml", `
steps:
  login: [{use: front}, {name: log in, post: /login, form: {password: {file: secret}}, status: 302}]
services:
  other:
    team: shop
    probes:
      home: {variables: {base: "https://other.example.org"}, journey: [{use: front}]}
`)
	c, err := catalog.Load(folder)
	require.NoError(t, err)
	login := c.Services["shop"].Probes["login"]
	var steps []string
	for _, step := range login.Journey {
		require.Empty(t, step.Use)
		steps = append(steps, step.Name)
	}
	require.Equal(t, []string{"GET {{base}}/", "log in (2)", "log in", "GET {{base}}/ (2)", "log in (3)", "GET {{next}}"}, steps)
	require.Equal(t, "6s", login.Slow.String(), "each step counts")
	require.True(t, login.Journey[1].Status.Has(302))
	require.Equal(t, filepath.Join(folder, "secret"), login.Journey[4].Form["password"].File.Path)
	require.Len(t, c.Services["other"].Probes["home"].Journey, 1)
	require.Equal(t, "log in", c.Steps["login"][1].Name, "the list itself stays")
}
