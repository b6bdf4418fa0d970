package catalog

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

const base = "monitoring: {team: shop}\nteams: {shop: {}}\n"

// A type that unmarshals itself would switch off the check for unknown keys in
// everything below it; ours must be decoded by the decoder alone.
func TestNoTypeDecodesItself(t *testing.T) {
	seen := make(map[reflect.Type]bool)
	eachType(reflect.TypeFor[Spec](), seen, func(of reflect.Type) {
		for _, is := range []reflect.Type{of, reflect.PointerTo(of)} {
			require.False(t, is.Implements(reflect.TypeFor[yaml.Unmarshaler]()), "%s", of)
		}
	})
	require.Greater(t, len(seen), 40)
}

// Every struct is a mapping with tags on every exported field, so that no key
// exists by accident and none of its keys is open.
func TestEveryKeyIsDeclared(t *testing.T) {
	eachType(reflect.TypeFor[Spec](), make(map[reflect.Type]bool), func(of reflect.Type) {
		if of.Kind() != reflect.Struct || selfRead(of) {
			return
		}
		for field := range of.Fields() {
			require.True(t, !field.IsExported() || field.Anonymous || field.Tag.Get("yaml") != "", "%s.%s", of, field.Name)
		}
	})
}

// An unknown key is found in every mapping of the format, however deep.
func TestUnknownKeysAreFoundEverywhere(t *testing.T) {
	eachType(reflect.TypeFor[Spec](), make(map[reflect.Type]bool), func(of reflect.Type) {
		if of.Kind() != reflect.Struct || selfRead(of) && !keyed(of) {
			return
		}
		file := sourceIn("x.yml", "/", []byte("nonsense: 1\n"))
		p := newProblems(newPositions(), sources{file})
		d := decoder{problems: p, file: file, files: new([]File)}
		d.value(p.root(file), "path", reflect.New(of).Elem())
		require.NotEmpty(t, p.list, "%s", of)
		require.Contains(t, p.list[0].Problem, `unknown key "nonsense"`, "%s", of)
	})
}

// selfRead are the types with a notation of more than keys.
func selfRead(of reflect.Type) bool {
	value := reflect.New(of).Interface()
	_, isNoded := value.(noded)
	_, isScalar := value.(scalar)
	return isNoded || isScalar
}

// keyed are those of them that also have keys.
func keyed(of reflect.Type) bool {
	return of == reflect.TypeFor[Secret]() || of == reflect.TypeFor[EmailChannel]()
}

func eachType(of reflect.Type, seen map[reflect.Type]bool, do func(reflect.Type)) {
	for of.Kind() == reflect.Pointer || of.Kind() == reflect.Map || of.Kind() == reflect.Slice {
		of = of.Elem()
	}
	if seen[of] || of.PkgPath() == "regexp" || of == reflect.TypeFor[yaml.Node]() || of == reflect.TypeFor[Position]() {
		return
	}
	seen[of] = true
	do(of)
	if of.Kind() == reflect.Struct && of != reflect.TypeFor[StatusSet]() {
		for field := range of.Fields() {
			eachType(field.Type, seen, do)
		}
	}
}

func TestAnchorsAndMergedMappings(t *testing.T) {
	c, err := Parse("x.yml", []byte(base+`services:
  shop:
    team: shop
    probes:
      home: &usual
        interval: 30s
        http: &request {url: https://www.example.org/, headers: {Accept: text/html}}
      account:
        <<: *usual
        interval: 45s
        http: {<<: *request, url: https://www.example.org/account}
      both:
        <<: [{means: info}, *usual, {means: degraded}]
`))
	require.NoError(t, err)
	probes := c.Services["shop"].Probes
	require.Equal(t, "30s", probes["home"].Interval.String())
	require.Equal(t, "45s", probes["account"].Interval.String(), "a mapping's own keys win")
	require.Equal(t, "https://www.example.org/account", probes["account"].HTTP.URL)
	require.Equal(t, "text/html", probes["account"].HTTP.Headers["Accept"].Literal)
	require.Equal(t, MeansInfo, probes["both"].Means, "the first of several merged mappings wins")
	require.NotSame(t, probes["home"].HTTP, probes["both"].HTTP)
}

func TestPositionsStay(t *testing.T) {
	c, err := Load("testdata/design.yml")
	require.NoError(t, err)
	cases := map[string]string{
		"services.find-a-school.depends_on[1]":                "testdata/design.yml:50:28",
		"services.find-a-school.probes.login.journey[1].post": "testdata/design.yml:57:20",
		"services.find-a-school.probes.login.slow":            "testdata/design.yml:53:7", // a default stands at its probe
		"services.nobody": "testdata/design.yml:44:1",
		"nothing.at.all":  "testdata/design.yml:1:1",
	}
	for path, want := range cases {
		require.Equal(t, want, c.Position(path).String(), path)
	}
	mistake := c.Errorf("services.find-a-school.usage.users", "no such metric: %w", os.ErrNotExist)
	require.ErrorIs(t, mistake, os.ErrNotExist)
	require.Equal(t, `testdata/design.yml:60:20: services.find-a-school.usage.users: no such metric: file does not exist
   60 |     usage: {users: 'sum(active_sessions{app="find-a-school"})'}
      |                    ^`, mistake.Error())
	require.Equal(t, "services.shop: made by hand", (&Catalog{}).Errorf("services.shop", "made by hand").Error())
}

func TestAFolderIsPutTogether(t *testing.T) {
	c, err := Load("testdata/good-folder")
	require.NoError(t, err)
	require.Equal(t, []string{"payments", "shop"}, names(c.Services))
	require.Equal(t, "https://board.example.org", c.Links.Board)
	require.Equal(t, "https://grafana.example.org", c.Links.Grafana)
	require.Equal(t, "testdata/good-folder/services.yaml:4:3", c.Position("services.payments").String())
	require.False(t, c.Modified().IsZero())

	_, err = Load(t.TempDir())
	require.ErrorContains(t, err, "there is no .yml or .yaml file in it")
	_, err = Load(filepath.Join(t.TempDir(), "tocsin.yml"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestHashIsOfTheFilesBytes(t *testing.T) {
	parsed := func(name, text string) uint64 {
		c, err := Parse(name, []byte(text))
		require.NoError(t, err)
		return c.Hash()
	}
	one := parsed("a.yml", base+"services: {}\n")
	require.Equal(t, one, parsed("elsewhere/b.yml", base+"services: {}\n"))
	require.NotEqual(t, one, parsed("a.yml", base+"services: {} # changed\n"))
	require.Less(t, one, uint64(1)<<48)
}

func TestKeepAndRestore(t *testing.T) {
	c, err := Load("testdata/good-folder")
	require.NoError(t, err)
	text, err := c.Keep()
	require.NoError(t, err)
	again, err := Restore(text)
	require.NoError(t, err)
	require.Equal(t, c.Hash(), again.Hash())
	require.True(t, c.Modified().Equal(again.Modified()))
	require.Equal(t, c.Spec, again.Spec)
	require.Equal(t, c.Files(), again.Files())
	for _, broken := range []string{"", "{}", `{"files":[{"name":"x","text":"Og=="}]}`} {
		_, err := Restore([]byte(broken))
		require.Error(t, err)
	}
}

func TestSecretsAreReadWhereTheyStand(t *testing.T) {
	folder := t.TempDir()
	text := base + "services: {db: {team: shop, probes: {query: {postgres: {dsn: {file: secrets/dsn}}}}}}\n"
	c, err := Parse(filepath.Join(folder, "tocsin.yml"), []byte(text))
	require.NoError(t, err)
	dsn := c.Services["db"].Probes["query"].Postgres.DSN
	require.Equal(t, filepath.Join(folder, "secrets/dsn"), dsn.Path)

	_, err = dsn.Read()
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "tocsin.yml:3:57: services.db.probes.query.postgres.dsn: ")
	require.ErrorContains(t, err, dsn.Path)

	require.NoError(t, os.Mkdir(filepath.Dir(dsn.Path), 0o700))
	require.NoError(t, os.WriteFile(dsn.Path, []byte(" \n"), 0o600))
	_, err = dsn.Read()
	require.ErrorContains(t, err, "is empty")

	require.NoError(t, os.WriteFile(dsn.Path, []byte("  hunter2\n"), 0o600))
	read, err := dsn.Read()
	require.NoError(t, err)
	require.Equal(t, "hunter2", read)
	read, err = Text{File: dsn}.Read()
	require.NoError(t, err)
	require.Equal(t, "hunter2", read)
	require.NotContains(t, dsn.String(), "hunter2")

	require.NoError(t, os.WriteFile(dsn.Path, []byte(strings.Repeat("hunter2", maxSecret)), 0o600))
	_, err = dsn.Read()
	require.ErrorContains(t, err, "too long")
	require.NotContains(t, err.Error(), "hunter2")
	literal, err := Text{Literal: "probe"}.Read()
	require.NoError(t, err)
	require.Equal(t, "probe", literal)
}

func TestDefaultsGiveWayToTheCatalogue(t *testing.T) {
	c, err := Parse("x.yml", []byte(base+`locations: {b: {}, a: {}}
delivery: {smtp: {host: "relay.example.org:587", from: Tocsin <tocsin@example.org>}}
defaults: {probe: {interval: 2m, timeout: 10s, confirm: 3}, page_after: 5m, location: b, thresholds: {latency: 2s}}
services:
  shop:
    team: shop
    page: never
    page_after: 1m
    thresholds: {latency: 3s}
    probes:
      home: {http: {url: https://www.example.org/, follow_redirects: false, method: HEAD, status: [200, "!5xx"]}}
      login: {timeout: 20s, slow: 4s, journey: [{get: https://www.example.org/login}, {get: /login}, {name: GET /login (2), post: /login}]}
  google: {external: true, page: always, team: shop, probes: {dns: {interval: 30s, dns: {name: www.example.org}}, tls: {tls: {address: "[::1]:443"}}}}
`))
	require.NoError(t, err)
	shop, google := c.Services["shop"], c.Services["google"]
	home, login := shop.Probes["home"], shop.Probes["login"]
	require.Equal(t, "2m", home.Interval.String())
	require.Equal(t, "2m", login.Interval.String(), "gentle, but never more often than the rest")
	require.Equal(t, "20s", login.Timeout.String())
	require.Equal(t, 3, login.Confirm)
	require.Equal(t, "4s", login.Slow.String())
	require.Equal(t, "3s", home.Slow.String())
	require.Equal(t, "b", c.Defaults.Location)
	require.Equal(t, PageNever, shop.Page)
	require.Equal(t, "1m", shop.PageAfter.String())
	require.Equal(t, PageAlways, google.Page)
	require.Equal(t, "5m", google.PageAfter.String())
	require.Equal(t, "30s", google.Probes["dns"].Interval.String())
	require.Equal(t, "2m", google.Probes["tls"].Interval.String())
	require.Equal(t, "::1", google.Probes["tls"].TLS.ServerName)
	require.Equal(t, "A", google.Probes["dns"].DNS.Type)
	require.False(t, *home.HTTP.FollowRedirects)
	require.Equal(t, TLSStart, c.Delivery.SMTP.TLS)
	require.Equal(t, []string{"GET /login", "GET /login (3)", "GET /login (2)"}, []string{login.Journey[0].Name, login.Journey[1].Name, login.Journey[2].Name})
}

func TestWhatIsNotSlowIsNotFailed(t *testing.T) {
	c, err := Parse("x.yml", []byte(base+`services:
  shop:
    team: shop
    thresholds: {latency: 4s}
    probes:
      quick: {slow: 2s, tcp: {address: "a:1"}}
      slow: {interval: 1m, slow: 10s, tcp: {address: "a:1"}}
      tight: {slow: 6s, tcp: {address: "a:1"}}
      journey: {journey: [{get: http://a/}, {get: /b}, {get: /c}]}
      given: {timeout: 3s, tcp: {address: "a:1"}}
`))
	require.NoError(t, err)
	timeouts := make(map[string]string)
	for name, probe := range c.Services["shop"].Probes {
		timeouts[name] = probe.Timeout.String()
	}
	require.Equal(t, map[string]string{"quick": "5s", "slow": "20s", "tight": "7s500ms", "journey": "24s", "given": "3s"}, timeouts)
}

func TestValuesWithANotation(t *testing.T) {
	var d Duration
	require.NoError(t, d.parse("1h30m"))
	require.Equal(t, 90*time.Minute, d.Std())
	for text, want := range map[string]Ratio{"80%": 0.8, "99.9%": 0.999, "0.8": 0.8, "1": 1, "100%": 1, "0.05%": 0.0005} {
		var r Ratio
		require.NoError(t, r.parse(text))
		require.Equal(t, want, r, text)
	}
	for _, text := range []string{"", "%", ".", "-1", "1e0", "NaN", "1 %", "101%", "0x1", "0"} {
		require.Error(t, new(Ratio).parse(text), text)
	}
	for text, want := range map[string]Bytes{"512MiB": 512 << 20, "1GB": 1e9, "1.5 GiB": 3 << 29, "100": 100, "1kB": 1000} {
		var b Bytes
		require.NoError(t, b.parse(text))
		require.Equal(t, want, b, text)
	}
	for _, text := range []string{"", "MiB", "1Mi", "-1MB", "9999999TiB", "0B", "1..2GB", strings.Repeat("9", 400)} {
		require.Error(t, new(Bytes).parse(text), text)
	}
}

func TestStatusSets(t *testing.T) {
	cases := []struct {
		text   string
		has    []int
		hasNot []int
	}{
		{"2xx", []int{200, 299}, []int{199, 300, 0, -1, 1000}},
		{"200-204, 302", []int{200, 204, 302}, []int{205, 301}},
		{"2XX,!204", []int{200}, []int{204}},
		{"!5xx", []int{100, 200, 404}, []int{500, 599}},
	}
	for _, c := range cases {
		set, err := ParseStatusSet(c.text)
		require.NoError(t, err)
		for _, code := range c.has {
			require.True(t, set.Has(code), "%s %d", c.text, code)
		}
		for _, code := range c.hasNot {
			require.False(t, set.Has(code), "%s %d", c.text, code)
		}
		require.False(t, set.IsZero())
	}
	for _, text := range []string{"", "6xx", "xx", "-2xx", "20", "200-", "300-200", "200,,", "!"} {
		_, err := ParseStatusSet(text)
		require.Error(t, err, text)
	}
	require.True(t, StatusSet{}.IsZero())
}

func TestHandover(t *testing.T) {
	monday, err := parseHandover("Monday 09:30")
	require.NoError(t, err)
	require.Equal(t, turn{weekday: time.Monday, minute: 570, cycle: 7 * day}, monday)
	daily, err := parseHandover("daily 00:00")
	require.NoError(t, err)
	require.Equal(t, day, daily.cycle)
	for _, text := range []string{"monday", "09:30", "monday 24:00", "monday 9:30", "weekly 09:30", "monday 09:30 sharp"} {
		_, err := parseHandover(text)
		require.Error(t, err, text)
	}
}

func TestFilesAreReadWithinBounds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tocsin.yml")
	require.NoError(t, os.WriteFile(path, []byte(base+"services: {}\n#"+strings.Repeat("x", maxFile)), 0o600))
	_, err := Load(path)
	require.ErrorContains(t, err, "the file is too long")
}
