package discovery

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

func ingress(namespace, name, host, annotations string) string {
	return fmt.Sprintf(`{"metadata":{"namespace":%q,"name":%q,"resourceVersion":"VERSION","annotations":{%s}},"spec":{"rules":[{"host":%q}]}}`, namespace, name, annotations, host)
}

const byShop = `"tocsin.dev/team":"shop"`

// watching begins to watch a cluster; keys are more of the source's.
func watched(t *testing.T, url, keys string, last ...catalog.Candidate) (reports, string) {
	t.Helper()
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("first\n"), 0o600))
	c := written(t, fmt.Sprintf("kubernetes: {api: %s, token_file: %s%s}", url, token, keys))
	to := make(reports, 1000)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		newSource(c.Discovery["found"], New(Options{}).settings).run(ctx, last, to)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	return to, token
}

// written is a catalogue with one source.
func written(t *testing.T, source string) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Parse(filepath.Join(t.TempDir(), "tocsin.yml"), []byte("monitoring: {team: shop}\nteams: {shop: {}, crew: {}}\nservices: {}\ndiscovery:\n  found:\n    "+strings.ReplaceAll(strings.TrimSpace(source), "\n", "\n    ")+"\n"))
	require.NoError(t, err)
	return c
}

func TestObjectsComeChangeAndGo(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("", func(t *testing.T) {
		c, server := newCluster(t)
		for i := range 5 { // three pages
			c.put("ingresses", "ADDED", ingress("shop", fmt.Sprintf("web%d", i), "www.example.org", byShop))
		}
		c.put("ingresses", "ADDED", ingress("shop", "other", "other.example.org", ""))
		c.put("ingresses", "ADDED", ingress("shop", "ignored", "ignored.example.org", `"tocsin.dev/ignore":"true"`))
		to, _ := watched(t, server.URL, ", objects: [ingresses, httproutes], selector: 'tier!=test'")
		all := []string{"ingress shop/web0 at www.example.org", "ingress shop/web1 at www.example.org", "ingress shop/web2 at www.example.org", "ingress shop/web3 at www.example.org", "ingress shop/web4 at www.example.org"}
		r := to.until(t, lists(all...))
		require.NoError(t, r.err)
		require.Equal(t, "shop", r.list[0].Group)
		c.put("ingresses", "BOOKMARK", `{"kind":"Ingress","metadata":{"resourceVersion":"VERSION"}}`)
		c.put("ingresses", "ADDED", ingress("shop", "web5", "new.example.org", byShop))
		to.until(t, lists(append(all, "ingress shop/web5 at new.example.org")...))
		c.put("ingresses", "MODIFIED", ingress("shop", "web5", "moved.example.org", byShop))
		to.until(t, lists(append(all, "ingress shop/web5 at moved.example.org")...))
		c.put("ingresses", "MODIFIED", ingress("shop", "web5", "moved.example.org", ""))
		to.until(t, lists(all...))
		c.do(func() { c.hangups = 1 })
		c.put("ingresses", "DELETED", ingress("shop", "web4", "www.example.org", byShop))
		to.until(t, lists(all[:4]...))
		c.put("ingresses", "DELETED", ingress("shop", "web3", "www.example.org", byShop))
		to.until(t, lists(all[:3]...))
		asked := strings.Join(c.queries(), "\n")
		require.Contains(t, asked, "/apis/networking.k8s.io/v1/ingresses?")
		require.Contains(t, asked, "labelSelector=tier%21%3Dtest")
		require.Contains(t, asked, "allowWatchBookmarks=true")
		require.Equal(t, 4, strings.Count(asked, "ingresses?")-strings.Count(asked, "watch=true"), "four pages, and a watch that ends is resumed without another list")
	})
}

func TestAVersionThatIsTooOldIsListedAnew(t *testing.T) {
	for _, by := range []string{"event", "status"} {
		t.Run(by, func(t *testing.T) {
			t.Parallel()
			c, server := newCluster(t)
			c.put("ingresses", "ADDED", ingress("shop", "a", "a.example.org", byShop))
			to, _ := watched(t, server.URL, ", objects: [ingresses]")
			to.until(t, lists("ingress shop/a at a.example.org"))
			c.do(func() {
				c.goneBy, c.version = by, c.version+100
				c.oldest, c.history = c.version, nil
				c.objects["ingresses"] = []string{strings.ReplaceAll(ingress("shop", "b", "b.example.org", byShop), "VERSION", "99")}
			})
			r := to.until(t, func(r report) bool {
				require.False(t, r.failed, "%v", r.err)
				return lists("ingress shop/b at b.example.org")(r)
			})
			require.NoError(t, r.err)
		})
	}
}

// A list that is never read to its end is not taken for one that is followed.
func TestAListWhosePagesExpire(t *testing.T) {
	t.Parallel()
	c, server := newCluster(t)
	c.put("ingresses", "ADDED", ingress("shop", "a", "a.example.org", byShop))
	to, _ := watched(t, server.URL, ", objects: [ingresses]")
	to.until(t, lists("ingress shop/a at a.example.org"))
	for i := range 3 {
		c.put("ingresses", "ADDED", ingress("shop", fmt.Sprintf("b%d", i), "b.example.org", byShop))
	}
	c.do(func() {
		c.goneBy, c.expire, c.version = "status", true, c.version+100
		c.oldest = c.version
		c.hangups = 1
	})
	r := to.until(t, func(r report) bool { return r.err != nil })
	require.ErrorContains(t, r.err, "watching ingresses: what was listed is too old to go on from (410 Gone)")
	require.NotEmpty(t, r.list, "what is known stays")
	c.do(func() { c.expire = false })
	r = to.until(t, func(r report) bool { return r.err == nil && len(r.list) == 4 })
	require.Contains(t, r.targets(), "ingress shop/b2 at b.example.org")
}

func TestATokenThatExpiresAndIsRenewed(t *testing.T) {
	t.Parallel()
	c, server := newCluster(t)
	c.put("ingresses", "ADDED", ingress("shop", "a", "a.example.org", byShop))
	to, token := watched(t, server.URL, ", objects: [ingresses]")
	to.until(t, lists("ingress shop/a at a.example.org"))
	c.do(func() { c.token = "second" })
	r := to.until(t, func(r report) bool { return r.err != nil })
	require.EqualError(t, r.err, "watching ingresses: the cluster answered 401 Unauthorized: Unauthorized (the token is not, or no longer, accepted)")
	require.Len(t, r.list, 1, "what was found stays")
	require.NoError(t, os.WriteFile(token, []byte("second"), 0o600))
	to.until(t, func(r report) bool { return r.err == nil && len(r.list) == 1 })
}

func TestOneKindThatCannotBeReadLeavesTheOthers(t *testing.T) {
	t.Parallel()
	c, server := newCluster(t)
	c.put("services", "ADDED", `{"metadata":{"namespace":"shop","name":"db","resourceVersion":"VERSION","annotations":{"tocsin.dev/team":"shop"}},"spec":{"ports":[{"port":5432}]}}`)
	c.do(func() { c.status["ingresses"] = http.StatusForbidden })
	old := catalog.Candidate{Source: "found", Target: "ingress shop/web at www.example.org", Group: "shop"}
	to, _ := watched(t, server.URL, "", old)
	r := to.until(t, func(r report) bool { return len(r.list) == 2 && r.err != nil })
	require.EqualError(t, r.err, "watching ingresses: the cluster answered 403 Forbidden: Forbidden (let the service account list and watch it)")
	require.Equal(t, []string{"ingress shop/web at www.example.org", "service shop/db at db.shop.svc"}, r.targets(), "what was known before the start stays")
	c.do(func() { delete(c.status, "ingresses") })
	r = to.until(t, func(r report) bool { return r.err == nil })
	require.Equal(t, []string{"service shop/db at db.shop.svc"}, r.targets(), "now it is known that the Ingress is gone")
}

// A kind that the cluster had and says not to have is not given up at once: it
// is so while its definition is applied anew.
func TestAKindThatIsAwayForAMoment(t *testing.T) {
	t.Parallel()
	c, server := newCluster(t)
	route := func(name string) string {
		return `{"metadata":{"namespace":"shop","name":"` + name + `","resourceVersion":"VERSION","annotations":{"tocsin.dev/team":"shop"}},"spec":{"hostnames":["` + name + `.example.org"]}}`
	}
	c.do(func() { delete(c.status, "httproutes") })
	c.put("httproutes", "ADDED", route("a"))
	to, _ := watched(t, server.URL, ", objects: [httproutes]")
	r := to.until(t, func(r report) bool { return len(r.list) == 1 })
	was := r.targets()
	c.do(func() { c.status["httproutes"] = http.StatusNotFound })
	r = to.until(t, func(r report) bool { return r.err != nil || len(r.list) == 0 })
	require.Equal(t, was, r.targets(), "what is known stays")
	require.ErrorContains(t, r.err, "watching httproutes: the cluster does not have it (404 Not Found)")
	c.do(func() { delete(c.status, "httproutes") })
	c.put("httproutes", "ADDED", route("b"))
	to.until(t, func(r report) bool { return r.err == nil && len(r.list) == 2 })
}

func TestWhenAKindIsGivenUp(t *testing.T) {
	w := &watcher{k: &kubernetes{}, items: map[string]item{"shop/a": {}}}
	at := time.Unix(0, 0)
	require.False(t, w.lacks(errAbsent, at))
	require.False(t, w.lacks(errAbsent, at.Add(absence-1)))
	require.False(t, w.lacks(nil, at.Add(absence-1)), "it is back")
	require.False(t, w.lacks(errAbsent, at.Add(absence)))
	require.True(t, w.lacks(errAbsent, at.Add(2*absence)))
	w = &watcher{k: &kubernetes{}}
	require.True(t, w.lacks(errAbsent, at), "it never had it")
}

func TestMalformedObjectsAreRejectedAlone(t *testing.T) {
	t.Parallel()
	c, server := newCluster(t)
	good := ingress("shop", "a", "a.example.org", byShop)
	c.put("ingresses", "ADDED", good)
	c.put("ingresses", "ADDED", `{"metadata":{"namespace":"shop","name":"numbers","annotations":{"tocsin.dev/team":7}}}`)
	c.put("ingresses", "ADDED", `{"metadata":{"namespace":"shop","name":"bytes","annotations":{"tocsin.dev/team":"`+"\xff"+`"}},"spec":{}}`)
	c.put("ingresses", "ADDED", `{"metadata":{"namespace":"shop","name":"spec","annotations":{"tocsin.dev/team":"shop"}},"spec":{"rules":"none"}}`)
	c.put("ingresses", "ADDED", `{"nonsense":[]}`)
	to, _ := watched(t, server.URL, ", objects: [ingresses]")
	r := to.until(t, lists("ingress shop/a at a.example.org"))
	var problems []string
	for _, rejected := range r.rejected {
		require.Equal(t, catalog.RejectMalformed, rejected.Reason)
		problems = append(problems, rejected.Target+": "+rejected.Problem)
	}
	require.Equal(t, []string{
		"ingress shop/bytes: it is not UTF-8",
		"ingress shop/numbers: json: cannot unmarshal number into Go struct field metadata.metadata.annotations of type string",
		"ingress shop/spec: its spec cannot be read: json: cannot unmarshal string into Go struct field .Rules of type []struct { Host string; HTTP struct { Paths []struct { Path string } } }",
	}, problems)
	c.put("ingresses", "MODIFIED", `{"metadata":{"namespace":"shop","name":"a","resourceVersion":"VERSION","annotations":{"tocsin.dev/team":"shop"}},"spec":7}`)
	r = to.until(t, func(r report) bool { return len(r.rejected) == 4 })
	require.True(t, lists("ingress shop/a at a.example.org")(r), "it goes on as it was")
}

// A server that answers something else than Kubernetes, half an event, or an
// event without end costs bounded memory and leaves the list as it was.
func TestAHostileServer(t *testing.T) {
	for name, test := range map[string]struct {
		watch http.HandlerFunc
		list  string
		err   string
	}{
		"no list":             {list: `{"kind":"Pizza"}`, err: "it has no resourceVersion, so that it is no list of Kubernetes"},
		"no JSON":             {list: "<html>", err: "reading the list: invalid character"},
		"half an event":       {watch: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"type":"ADDED","obj`) }, err: "reading the watch: unexpected EOF"},
		"an unknown event":    {watch: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"type":"EATEN","object":{}}`) }, err: `an event of the unknown type "EATEN"`},
		"an object of nobody": {watch: func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"type":"ADDED","object":{}}`) }, err: "an object without a name"},
		"an error": {watch: func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"type":"ERROR","object":{"code":500,"message":"etcd is ill"}}`)
		}, err: "500 Internal Server Error: etcd is ill"},
		"an event without end": {watch: func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, `{"type":"`)
			for block := strings.Repeat("x", 1<<16); r.Context().Err() == nil; {
				if _, err := fmt.Fprint(w, block); err != nil {
					return
				}
			}
		}, err: "an event of over 8388608 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Query().Get("watch") != "":
					test.watch(w, r)
				case test.list != "":
					fmt.Fprint(w, test.list)
				default:
					fmt.Fprint(w, `{"metadata":{"resourceVersion":"1"},"items":[`+ingress("shop", "a", "a.example.org", byShop)+`]}`)
				}
			})
			to, _ := watched(t, server.URL, ", objects: [ingresses]")
			r := to.until(t, func(r report) bool { return r.err != nil })
			require.ErrorContains(t, r.err, test.err)
			require.Equal(t, test.list != "", r.failed)
			require.Len(t, r.list, map[bool]int{true: 0, false: 1}[r.failed])
		})
	}
}

func TestWithoutACluster(t *testing.T) {
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	_, _, _, err := place(&catalog.KubernetesDiscovery{})
	require.EqualError(t, err, "this is no pod of a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set (give kubernetes.api)")
	t.Setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
	t.Setenv("KUBERNETES_SERVICE_PORT", "443")
	base, token, ca, err := place(&catalog.KubernetesDiscovery{})
	require.NoError(t, err)
	require.Equal(t, []string{"https://[fd00::1]:443", "/var/run/secrets/kubernetes.io/serviceaccount/token", "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"}, []string{base, token, ca})
}
