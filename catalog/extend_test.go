package catalog

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sourced is a catalogue with one written service and one source of discovery.
func sourced(t testing.TB, source string, more ...string) *Catalog {
	t.Helper()
	c, err := Parse("tocsin.yml", []byte(`monitoring: {team: crew}
teams: {crew: {page: office_hours}, shop: {}}
locations: {here: {}, there: {}}
hours: {office: {days: monday-friday, times: 09:00-17:30, timezone: Europe/London}}
services: {written: {team: crew, probes: {home: {http: {url: http://written.example.org/}}}}}
discovery:
  found:
`+indented(source, "    ")+strings.Join(more, "\n")))
	require.NoError(t, err)
	return c
}

func indented(text, by string) string {
	return by + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+by) + "\n"
}

const usual = `
file: {paths: [targets/*.json]}
name: "{{label job}}"
service:
  team: "{{label team|crew}}"
  thresholds: {memory: "{{label memory|}}"}
  depends_on: ["{{label needs|}}", "{{label needs_too|}}"]
  probes: {"{{host}}": {means: "{{label means|down}}", http: {url: "{{url}}", body: "{{label body|}}"}}}
`

// target is what a file says of host, with labels as name, value, name, value.
func target(host string, labels ...string) Candidate {
	c := Candidate{Source: "found", Target: "http://" + host + "/", Probe: "http", Values: map[string]string{
		"target": "http://" + host + "/", "host": host, "url": "http://" + host + "/",
	}}
	for i := 0; i+1 < len(labels); i += 2 {
		c.Values["label "+labels[i]] = labels[i+1]
	}
	return c
}

func rejections(list []Rejection) []string {
	var texts []string
	for _, r := range list {
		kept := ""
		if r.Kept {
			kept = " (kept)"
		}
		texts = append(texts, fmt.Sprintf("%s %s %s: %s%s", r.Target, r.Service, r.Reason, r.Problem, kept))
	}
	return texts
}

func TestACandidateBecomesAServiceAsIfItWereWritten(t *testing.T) {
	c := sourced(t, usual)
	out, rejected := c.Extend([]Candidate{target("a.example.org", "job", "a", "memory", "90%", "means", "degraded", "body", `say "hi": {x}`)}, nil)
	require.Empty(t, rejected)
	want, err := Parse("tocsin.yml", []byte(`monitoring: {team: crew}
teams: {crew: {page: office_hours}, shop: {}}
locations: {here: {}, there: {}}
hours: {office: {days: monday-friday, times: 09:00-17:30, timezone: Europe/London}}
services:
  a:
    team: crew
    thresholds: {memory: 90%}
    probes: {a-example-org: {means: degraded, http: {url: http://a.example.org/, body: 'say "hi": {x}'}}}
`))
	require.NoError(t, err)
	require.Equal(t, want.Services["a"], out.Services["a"])
	require.Equal(t, map[string]string{"a": "found"}, out.Discovered())
	require.Same(t, c.Services["written"], out.Services["written"])
	require.Len(t, c.Services, 1, "the written catalogue stays as it was")
	require.Equal(t, c.Hash(), out.Hash())
	require.Equal(t, `tocsin.yml:14:72: services.a.probes.a-example-org.http.url: refused
   14 |       probes: {"{{host}}": {means: "{{label means|down}}", http: {url: "{{url}}", body: "{{label body|}}"}}}
      |                                                                        ^`,
		out.Errorf("services.a.probes.a-example-org.http.url", "refused").Error(), "a fault found later stands at the template")
}

// Whatever a source says, it makes a good service or is dropped for one reason;
// everybody else's services are as they would be without it.
func TestWhatASourceSaysCannotBreakOut(t *testing.T) {
	good := target("good.example.org", "job", "good")
	for _, test := range []struct {
		name     string
		hostile  Candidate
		rejected string
	}{
		{"nothing that names it", target("x.example.org"), `value: it has no label job (write {{label job|}} where it may be missing)`},
		{"a name of nothing", target("x.example.org", "job", "///"), `value: nothing is left of its name (got "///", want letters or digits in it)`},
		{"a name with a line break", target("x.example.org", "job", "a\nb"), `value: label job: the value has a line break or another control character (got "a\nb")`},
		{"a name that is Tocsin's own", target("x.example.org", "job", "tocsin"), `tocsin value: the name is taken: Tocsin's own alerts carry it (want another, such as monitoring)`},
		{"a name that is written", target("x.example.org", "job", "written"), `written clash: a service of this name is written in the catalogue, and wins`},
		{"an unknown team", target("x.example.org", "job", "x", "team", "crwe"), `x value: team: unknown team "crwe" (did you mean "crew"?)`},
		{"a threshold of nothing", target("x.example.org", "job", "x", "memory", "0%"), `x value: thresholds.memory: a ratio of nothing (got "0%", want one such as 80% or 0.8; leave the key out for the default)`},
		{"a template", target("x.example.org", "job", "x", "body", "{{label job}}"), `value: label body: the value holds {{ or }}, which only a template may (got "{{label job}}")`},
		{"YAML", target("x.example.org", "job", "x", "means", "info}, http: {url: http://evil.example.org/}"), `x value: probes.x-example-org.means: got "info}, http: {url: http://evil.example.org/}", want down, degraded or info`},
		{"another scheme", Candidate{Source: "found", Target: "x", Values: map[string]string{"label job": "x", "host": "x", "url": "file:///etc/passwd"}}, `x value: probes.x.http.url: got "file:///etc/passwd", want an address with http:// or https:// and a host`},
		{"credentials", Candidate{Source: "found", Target: "x", Values: map[string]string{"label job": "x", "host": "x", "url": "http://me:hunter2@x.example.org/"}}, `x value: probes.x.http.url: an address must not hold credentials (keep them in a file, for instance headers: {Authorization: {file: PATH}})`},
		{"bytes that are no text", target("x.example.org", "job", "x", "body", "\xff\xfe"), `value: label body: the value is not UTF-8 (got "\xff\xfe")`},
		{"a long value", target("x.example.org", "job", "x", "body", strings.Repeat("x", MaxValue+1)), `value: label body: the value is too long (got 2049 bytes, want at most 2048)`},
		{"a setting that does not fit", Candidate{Source: "found", Target: "x", Values: target("x.example.org", "job", "x").Values, Settings: []Setting{{Path: "team.name", Text: "x"}}}, `value: the template and the annotations do not fit together`},
		{"a setting with a line break", Candidate{Source: "found", Target: "x", Values: target("x.example.org", "job", "x").Values, Settings: []Setting{{Path: "team", Text: "cr\new"}}}, `value: team: the value has a line break or another control character (got "cr\new")`},
		{"the same target, said differently", target("good.example.org", "job", "good", "means", "info"), `good clash: the source lists it twice, and says different things about it`},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, rejected := sourced(t, usual).Extend([]Candidate{good, test.hostile}, nil)
			require.Len(t, rejected, 1)
			r := rejected[0]
			require.Equal(t, test.rejected, strings.TrimSpace(r.Service+" "+string(r.Reason)+": "+r.Problem))
			require.Equal(t, "found", r.Source)
			require.NotContains(t, r.Problem, "hunter2")
			require.Equal(t, []string{"good", "written"}, names(out.Services))
		})
	}
}

func TestNames(t *testing.T) {
	require.Equal(t, "https-www-example-org-shop", fitName("https://www.example.org/shop/"))
	require.Equal(t, "10-0-0-1-9100", fitName("10.0.0.1:9100"))
	require.Equal(t, "a--b", fitName("a--b"))
	long := strings.Repeat("x", 70)
	require.Len(t, fitName(long), maxName)
	require.NotEqual(t, fitName(long), fitName(long+"y"))
}

func TestTheOrderOfAListDecidesNothing(t *testing.T) {
	c := sourced(t, usual)
	list := []Candidate{
		target("b.example.org", "job", "one", "needs", "two"), target("a.example.org", "job", "one"),
		target("c.example.org", "job", "two", "needs", "one"), target("d.example.org", "job", "written"),
	}
	first, why := c.Extend(list, nil)
	slices.Reverse(list)
	second, again := c.Extend(list, nil)
	require.Equal(t, first.Services, second.Services)
	require.Equal(t, why, again)
	require.Equal(t, []string{"a-example-org", "b-example-org"}, names(first.Services["one"].Probes))
	require.Empty(t, first.Services["one"].DependsOn, "the first of a group says what stands beside the probes")
}

func TestANameStaysWithWhoHasIt(t *testing.T) {
	c := sourced(t, "kubernetes: {}\nmax: 2\nservice: {team: crew}")
	object := func(group, name, wanted string) Candidate {
		return Candidate{Source: "found", Target: "ingress " + group + "/" + name, Group: group, Name: wanted, Probe: "http", Values: map[string]string{
			"namespace": group, "name": name, "host": name + ".example.org", "url": "http://" + name + ".example.org/",
		}}
	}
	shop, thief, late := object("shop", "web", ""), object("a-thief", "web", "shop-web"), object("late", "web", "")
	before, rejected := c.Extend([]Candidate{thief, shop}, nil)
	require.Equal(t, []string{"ingress a-thief/web shop-web clash: the name belongs to ingress shop/web of discovery.found"}, rejections(rejected), "who is called so by nature comes first")
	before, _ = c.Extend([]Candidate{shop, late}, before)
	out, rejected := c.Extend([]Candidate{object("early", "web", ""), late, shop}, before)
	require.Equal(t, []string{"late-web", "shop-web", "written"}, names(out.Services))
	require.Equal(t, []string{"ingress early/web early-web limit: the source lists more services than its max"}, rejections(rejected))
	out, _ = c.Extend([]Candidate{thief}, before)
	require.Equal(t, []string{"shop-web", "written"}, names(out.Services), "the name is free again")
}

func TestACandidateThatBecomesBadGoesOnAsItWas(t *testing.T) {
	c := sourced(t, usual)
	before, _ := c.Extend([]Candidate{target("a.example.org", "job", "a", "memory", "90%")}, nil)
	bad := target("a.example.org", "job", "a", "memory", "90 %%")
	for range 2 {
		out, rejected := c.Extend([]Candidate{bad}, before)
		require.Equal(t, []string{`http://a.example.org/ a value: thresholds.memory: malformed ratio (got "90 %%", want one such as 80% or 0.8) (kept)`}, rejections(rejected))
		require.Equal(t, before.Services, out.Services)
		before = out
	}
	out, rejected := sourced(t, strings.Replace(usual, "label team|crew", "label owner", 1)).Extend([]Candidate{bad}, before)
	require.Equal(t, before.Services, out.Services, "also when it is the template that does not fit any more")
	require.Len(t, rejected, 1)
	out, _ = c.Extend(nil, before)
	require.Equal(t, []string{"written"}, names(out.Services))
}

func TestDependenciesThatLeadNowhereAreLeftOut(t *testing.T) {
	out, rejected := sourced(t, usual).Extend([]Candidate{
		target("a.example.org", "job", "a", "needs", "b", "needs_too", "written"),
		target("b.example.org", "job", "b", "needs", "c"),
		target("c.example.org", "job", "c", "needs", "a", "needs_too", "b"),
		target("d.example.org", "job", "d", "needs", "nothing"),
		target("e.example.org", "job", "e", "needs", "e"),
	}, nil)
	require.Equal(t, []string{
		`http://c.example.org/ c dependency: depends_on: the services depend on each other in a circle, by way of "a" (kept)`,
		`http://c.example.org/ c dependency: depends_on: the services depend on each other in a circle, by way of "b" (kept)`,
		`http://d.example.org/ d dependency: depends_on: unknown service "nothing" (kept)`,
		`http://e.example.org/ e dependency: depends_on: the services depend on each other in a circle, by way of "e" (kept)`,
	}, rejections(rejected))
	require.Equal(t, []string{"b", "written"}, out.Services["a"].DependsOn)
	require.Equal(t, []string{"c"}, out.Services["b"].DependsOn)
	require.Empty(t, out.Services["c"].DependsOn)
}

func TestHostsMayBeKeptToAFew(t *testing.T) {
	c := sourced(t, `
file: {paths: [a.json]}
hosts: ["*.example.org", 10.0.0.*]
service:
  team: crew
  probes:
    home: {http: {url: "http://{{host}}{{label path|/}}", headers: {Authorization: {file: token}}, body: "fixed.example.com:80"}}
    port: {tcp: {address: "{{host}}:80"}}`)
	for host, allowed := range map[string]bool{
		"www.example.org": true, "WWW.Example.org.": true, "10.0.0.7": true, "10.0.1.7": false, "example.org": false,
		"www.example.com": false, "www.example.org.evil.com": false, "[::1]": false, "evil.com/?.example.org": false, "evil.com#x.example.org": false,
	} {
		out, rejected := c.Extend([]Candidate{target(host)}, nil)
		require.Len(t, out.Services, 1+map[bool]int{true: 1}[allowed], host)
		require.Len(t, rejected, map[bool]int{false: 1}[allowed], host)
	}
}

func TestATargetMayHaveAProbeWithoutATemplate(t *testing.T) {
	c := sourced(t, "file: {paths: [a.json]}\nservice: {team: crew}")
	out, rejected := c.Extend([]Candidate{
		{Source: "found", Target: "http://a.example.org/x", Probe: "http", Values: map[string]string{"target": "http://a.example.org/x", "host": "a.example.org", "url": "http://a.example.org/x"}},
		{Source: "found", Target: "10.0.0.1:22", Probe: "tcp", Values: map[string]string{"target": "10.0.0.1:22", "host": "10.0.0.1", "address": "10.0.0.1:22"}},
		{Source: "found", Target: "somewhere", Values: map[string]string{"target": "somewhere"}},
		{Source: "gone", Target: "somewhere"},
	}, nil)
	require.Equal(t, []string{`somewhere  value: "somewhere" is neither an address with http:// or https:// nor host:port (give the template probes)`}, rejections(rejected))
	require.Equal(t, "http://a.example.org/x", out.Services["http-a-example-org-x"].Probes["a-example-org"].HTTP.URL)
	require.Equal(t, "10.0.0.1:22", out.Services["10-0-0-1-22"].Probes["10-0-0-1"].TCP.Address)
}

func TestAServiceHasABoundedNumberOfProbes(t *testing.T) {
	var list []Candidate
	for i := range maxEndpoints + 5 {
		list = append(list, target(fmt.Sprintf("h%03d.example.org", i), "job", "many"))
	}
	out, rejected := sourced(t, usual).Extend(list, nil)
	require.Len(t, out.Services["many"].Probes, maxEndpoints)
	require.Len(t, rejected, 5)
}

// A journey's own variables stay its own, also when a source says the same.
func TestAJourneyKeepsItsVariables(t *testing.T) {
	c := sourced(t, `
file: {paths: [a.json]}
name: a
service:
  team: crew
  probes:
    login:
      journey:
        - {get: "{{url}}login", extract: {token: "css:input@value"}}
        - {post: "{{url}}login", form: {csrf: "{{token}}", site: "{{label site|main}}"}}`)
	out, rejected := c.Extend([]Candidate{target("a.example.org")}, nil)
	require.Empty(t, rejected)
	journey := out.Services["a"].Probes["login"].Journey
	require.Equal(t, "http://a.example.org/login", journey[1].Post)
	require.Equal(t, "{{token}}", journey[1].Form["csrf"].Literal)
	require.Equal(t, "main", journey[1].Form["site"].Literal)
}

// Each discovered service makes the shared steps its own by its variables.
func TestATemplateUsesSharedSteps(t *testing.T) {
	c := sourced(t, `
file: {paths: [a.json]}
name: "{{label name}}"
service:
  team: crew
  probes:
    login:
      variables: {base: "{{url}}"}
      journey:
        - {use: front}
        - {get: /account}
    broken:
      variables: {base: "{{label base|http://b.example.org/}}"}
      journey: [{use: front}]`, `steps: {front: [{name: front, get: "{{base}}"}]}`)
	out, rejected := c.Extend([]Candidate{target("a.example.org", "name", "a"), target("b.example.org", "name", "b", "base", "/nowhere")}, nil)
	login := out.Services["a"].Probes["login"]
	require.Equal(t, "http://a.example.org/", login.Variables["base"].Literal)
	require.Equal(t, "front", login.Journey[0].Name)
	require.Len(t, login.Journey, 2)
	require.Len(t, rejected, 1)
	require.Equal(t, `probes.broken.journey[0].use: got "/nowhere", want an address with http:// or https:// and a host`, rejected[0].Problem)
}

// No value panics, changes what is written, or makes a service that a written
// catalogue could not have.
func FuzzExtend(f *testing.F) {
	c := sourced(f, usual)
	f.Add("a.example.org", "a", "crew", "80%", "b")
	f.Add("[::1", "tocsin", "{{label team}}", "1e400%", "a")
	f.Add("\x00", strings.Repeat("x", 100), "", "", "\xff")
	f.Fuzz(func(t *testing.T, host, job, team, memory, needs string) {
		candidates := []Candidate{target(host, "job", job, "team", team, "memory", memory, "needs", needs), target("b.example.org", "job", "b", "needs", job)}
		out, rejected := c.Extend(candidates, nil)
		require.LessOrEqual(t, len(rejected), 4)
		for _, r := range rejected {
			require.Less(t, len(r.Problem), 2000)
			require.NotContains(t, r.Problem, "\n")
		}
		require.Same(t, c.Services["written"], out.Services["written"])
		for name, s := range out.Services {
			require.NotEmpty(t, name)
			require.LessOrEqual(t, len(name), maxName)
			require.Contains(t, c.Teams, s.Team)
			for _, on := range s.DependsOn {
				require.Contains(t, out.Services, on)
			}
			for _, p := range s.Probes {
				require.NotEmpty(t, p.Kind())
			}
		}
	})
}

// What thousands of targets cost each time that one of them changes.
func BenchmarkExtend(b *testing.B) {
	c := sourced(b, usual)
	var list []Candidate
	for i := range 1000 {
		list = append(list, target(fmt.Sprintf("h%d.example.org", i), "job", fmt.Sprintf("job-%d", i)))
	}
	for b.Loop() {
		c.Extend(list, nil)
	}
}
