package discovery

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// extended is what a catalogue makes of one object.
func extended(t *testing.T, c *catalog.Catalog, plural, object string) (*catalog.Catalog, []catalog.Rejection) {
	t.Helper()
	k := &kubernetes{name: "found", spec: c.Discovery["found"].Kubernetes}
	for _, kind := range objectKinds() {
		if kind.plural == plural {
			_, _, i := k.readObject(kind, json.RawMessage(object))
			require.Nil(t, i.rejected)
			return c.Extend(i.candidates, nil)
		}
	}
	t.Fatalf("there is no kind %s", plural)
	return nil, nil
}

// asks says in a line what is asked of each service.
func asks(c *catalog.Catalog) string {
	var lines []string
	for name, s := range c.Services {
		for id, p := range s.Probes {
			what := p.Kind()
			switch {
			case p.HTTP != nil:
				what += " " + p.HTTP.URL
			case p.TCP != nil:
				what += " " + p.TCP.Address
			case p.TLS != nil:
				what += " " + p.TLS.Address
			}
			lines = append(lines, fmt.Sprintf("%s/%s: %s", name, id, what))
		}
	}
	return strings.Join(lines, "\n")
}

func TestWhatIsAskedOfAnObject(t *testing.T) {
	meta := func(annotations string) string {
		return fmt.Sprintf(`"metadata":{"namespace":"shop","name":"web","labels":{"app":"web"},"annotations":{"tocsin.dev/team":"shop"%s}}`, annotations)
	}
	for _, test := range []struct {
		name, plural, annotations, spec string
		want, rejected                  string
	}{
		{"an Ingress", "ingresses", "", `{"rules":[{"host":"www.example.org"}]}`, "shop-web/www-example-org: http http://www.example.org/", ""},
		{"an Ingress with a certificate and a path", "ingresses", "", `{"tls":[{"hosts":["*.example.org"]}],"rules":[{"host":"www.example.org","http":{"paths":[{"path":"/shop","pathType":"Prefix"}]}}]}`, "shop-web/www-example-org: http https://www.example.org/shop", ""},
		{"a path that is an expression", "ingresses", "", `{"rules":[{"host":"www.example.org","http":{"paths":[{"path":"/shop(/|$)(.*)"}]}}]}`, "shop-web/www-example-org: http http://www.example.org/", ""},
		{"a path by annotation", "ingresses", `,"tocsin.dev/path":"/health?full=1"`, `{"rules":[{"host":"www.example.org"}]}`, "shop-web/www-example-org: http http://www.example.org/health?full=1", ""},
		{"a port by annotation", "ingresses", `,"tocsin.dev/port":"8443","tocsin.dev/scheme":"https"`, `{"rules":[{"host":"www.example.org"}]}`, "shop-web/www-example-org: http https://www.example.org:8443/", ""},
		{"a URL by annotation", "ingresses", `,"tocsin.dev/url":"https://a.example.org/x?y=1"`, `{"rules":[]}`, "shop-web/a-example-org: http https://a.example.org/x?y=1", ""},
		{"another URL", "ingresses", `,"tocsin.dev/url":"file:///etc/passwd"`, `{"rules":[]}`, "", `annotation tocsin.dev/url: got "file:///etc/passwd", want an address such as https://www.example.org/`},
		{"a scheme that is none", "ingresses", `,"tocsin.dev/scheme":"gopher"`, `{"rules":[{"host":"www.example.org"}]}`, "", `annotation tocsin.dev/scheme: got "gopher", want http or https`},
		{"no host", "ingresses", "", `{"rules":[{"http":{}}]}`, "", "it names no host (name one with the annotation tocsin.dev/host or tocsin.dev/url)"},
		{"a host that stands for many", "ingresses", "", `{"rules":[{"host":"*.example.org"}]}`, "", "the host *.example.org stands for many (name one with the annotation tocsin.dev/host)"},
		{"a host by annotation", "ingresses", `,"tocsin.dev/host":"a.example.org"`, `{"rules":[{"host":"*.example.org"}]}`, "shop-web/a-example-org: http http://a.example.org/", ""},
		{"a kind by annotation", "ingresses", `,"tocsin.dev/probe":"tls"`, `{"tls":[{"hosts":["www.example.org"]}],"rules":[{"host":"www.example.org"}]}`, "shop-web/www-example-org: tls www.example.org:443", ""},
		{"an unknown kind", "ingresses", `,"tocsin.dev/probe":"gopher"`, `{"rules":[{"host":"www.example.org"}]}`, "", `annotation tocsin.dev/probe: got "gopher", want http, tcp or tls (other kinds stand in the template)`},
		{"an unknown annotation", "ingresses", `,"tocsin.dev/tema":"x"`, `{"rules":[{"host":"www.example.org"}]}`, "", "unknown annotation tocsin.dev/tema (docs/discovery.md has them all)"},
		{"a name by annotation", "ingresses", `,"tocsin.dev/service":"the shop"`, `{"rules":[{"host":"www.example.org"}]}`, "the-shop/www-example-org: http http://www.example.org/", ""},
		{"an HTTPRoute", "httproutes", "", `{"hostnames":["www.example.org"],"rules":[{"matches":[{"path":{"type":"PathPrefix","value":"/a"}}]}]}`, "shop-web/www-example-org: http https://www.example.org/a", ""},
		{"an HTTPRoute on port 80", "httproutes", "", `{"parentRefs":[{"name":"gw","port":80}],"hostnames":["www.example.org"]}`, "shop-web/www-example-org: http http://www.example.org/", ""},
		{"a Service", "services", "", `{"ports":[{"port":5432,"protocol":"TCP"}]}`, "shop-web/web-shop-svc: tcp web.shop.svc:5432", ""},
		{"a Service of HTTP", "services", "", `{"ports":[{"name":"metrics","port":9090},{"name":"http","port":8080}]}`, "shop-web/web-shop-svc: tcp web.shop.svc:9090", ""},
		{"a port of a Service by name", "services", `,"tocsin.dev/port":"http","tocsin.dev/path":"health"`, `{"ports":[{"name":"metrics","port":9090},{"name":"http","port":8080}]}`, "shop-web/web-shop-svc: http http://web.shop.svc:8080/health", ""},
		{"a Service elsewhere", "services", "", `{"type":"ExternalName","externalName":"db.example.org","ports":[{"port":443,"appProtocol":"https"}]}`, "shop-web/db-example-org: http https://db.example.org/", ""},
		{"a status", "ingresses", `,"tocsin.dev/status":"2xx,9xx"`, `{"rules":[{"host":"www.example.org"}]}`, "", "probes.www-example-org.http.status: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, rejected := extended(t, written(t, "kubernetes: {}"), test.plural, "{"+meta(test.annotations)+`,"spec":`+test.spec+"}")
			require.Equal(t, test.want, asks(out))
			if test.rejected == "" {
				require.Empty(t, rejected)
				return
			}
			require.Len(t, rejected, 1)
			require.True(t, strings.HasPrefix(rejected[0].Problem, test.rejected), rejected[0].Problem)
		})
	}
}

func TestAnnotationsOverruleTheTemplate(t *testing.T) {
	c := written(t, `
kubernetes: {}
name: "{{label app}}"
service:
  team: crew
  url: https://template.example.org
  thresholds: {memory: 70%, cpu: 70%}
  depends_on: [postgres]
  probes:
    home: {http: {url: "{{url}}", body: "{{annotation example.org/words|Welcome}}"}}
    port: {means: degraded, tcp: {address: "{{host}}:22"}}`)
	out, rejected := extended(t, c, "ingresses", `{"metadata":{"namespace":"shop","name":"web","labels":{"app":"shop"},"annotations":{
		"tocsin.dev/team":"shop","tocsin.dev/memory":"90%","tocsin.dev/interval":"30s","tocsin.dev/means":"info","tocsin.dev/latency":"2s","tocsin.dev/certificate":"14d",
		"tocsin.dev/depends-on":"mysql, redis","tocsin.dev/runbook":"https://wiki.example.org/shop","tocsin.dev/availability":"99.5%","example.org/words":"Hello"}},
		"spec":{"rules":[{"host":"www.example.org"}]}}`)
	require.Len(t, rejected, 2)
	require.Equal(t, `depends_on: unknown service "mysql"`, rejected[0].Problem)
	s := out.Services["shop"]
	require.Equal(t, "shop", s.Team)
	require.Equal(t, "https://template.example.org", s.URL)
	require.Equal(t, "https://wiki.example.org/shop", s.Runbook)
	require.Equal(t, []string{"90%", "70%", "2s", "2w", "99.5%"}, []string{s.Thresholds.Memory.String(), s.Thresholds.CPU.String(), s.Thresholds.Latency.String(), s.Thresholds.Certificate.String(), s.Objective.Availability.String()})
	require.Equal(t, "Hello", s.Probes["home"].HTTP.Body)
	for _, p := range s.Probes {
		require.Equal(t, "30s info", p.Interval.String()+" "+string(p.Means))
	}
}

func TestAnObjectOfSeveralHostsIsOneService(t *testing.T) {
	out, rejected := extended(t, written(t, "kubernetes: {all: true}\nservice: {team: crew}"), "ingresses", `{"metadata":{"namespace":"shop","name":"web"},"spec":{"rules":[{"host":"b.example.org"},{"host":"a.example.org"},{"host":"a.example.org"}]}}`)
	require.Empty(t, rejected)
	require.Len(t, out.Services["shop-web"].Probes, 2)
	require.Equal(t, "http://a.example.org/", out.Services["shop-web"].URL)
}

func TestEveryAnnotationIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/discovery.md")
	require.NoError(t, err)
	var rows, want []string
	for _, match := range regexp.MustCompile("(?m)^\\| `tocsin.dev/([a-z-]+)` \\| (.*) \\|$").FindAllStringSubmatch(string(text), -1) {
		rows = append(rows, match[1]+": "+match[2])
	}
	for _, a := range annotations() {
		want = append(want, a.name+": "+a.help)
	}
	require.Equal(t, want, rows)
}

// No object panics, and what comes of it is bounded.
func FuzzObject(f *testing.F) {
	f.Add(`{"metadata":{"name":"a","namespace":"b","annotations":{"tocsin.dev/team":"x"}},"spec":{"rules":[{"host":"x"}]}}`)
	f.Add(`{"metadata":{"name":"a","annotations":{"tocsin.dev/url":"http://[::1"}},"spec":{"hostnames":["x"]}}`)
	k := &kubernetes{name: "found", spec: &catalog.KubernetesDiscovery{All: true}}
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range objectKinds() {
			_, _, i := k.readObject(kind, json.RawMessage(text))
			require.LessOrEqual(t, len(i.candidates), maxEndpoints)
		}
	})
}
