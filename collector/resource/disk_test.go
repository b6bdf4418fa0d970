package resource

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// machinePage is what a node_exporter says of a machine with one disk in two
// places, another one, and the usual rest.
const machinePage = `# TYPE node_filesystem_size_bytes gauge
node_filesystem_size_bytes{device="/dev/sda1",device_error="",fstype="ext4",mountpoint="/"} 1000
node_filesystem_avail_bytes{device="/dev/sda1",device_error="",fstype="ext4",mountpoint="/"} 400
node_filesystem_free_bytes{device="/dev/sda1",device_error="",fstype="ext4",mountpoint="/"} 450
node_filesystem_files{device="/dev/sda1",device_error="",fstype="ext4",mountpoint="/"} 100
node_filesystem_files_free{device="/dev/sda1",device_error="",fstype="ext4",mountpoint="/"} 90
node_filesystem_readonly{device="/dev/sda1",device_error="",fstype="ext4",mountpoint="/"} 0
node_filesystem_size_bytes{device="/dev/sda1",device_error="",fstype="ext4",mountpoint="/var/lib/bind"} 1000
node_filesystem_avail_bytes{device="/dev/sda1",device_error="",fstype="ext4",mountpoint="/var/lib/bind"} 400
node_filesystem_size_bytes{device="/dev/sdb",device_error="",fstype="btrfs",mountpoint="/data"} 5e12
node_filesystem_avail_bytes{device="/dev/sdb",device_error="",fstype="btrfs",mountpoint="/data"} 1e12
node_filesystem_files{device="/dev/sdb",device_error="",fstype="btrfs",mountpoint="/data"} 0
node_filesystem_files_free{device="/dev/sdb",device_error="",fstype="btrfs",mountpoint="/data"} 0
node_filesystem_size_bytes{device="/dev/sr0",device_error="",fstype="vfat",mountpoint="/media/cd"} 700
node_filesystem_avail_bytes{device="/dev/sr0",device_error="",fstype="vfat",mountpoint="/media/cd"} 0
node_filesystem_readonly{device="/dev/sr0",device_error="",fstype="vfat",mountpoint="/media/cd"} 1
node_filesystem_size_bytes{device="tmpfs",device_error="",fstype="tmpfs",mountpoint="/run"} 100
node_filesystem_avail_bytes{device="tmpfs",device_error="",fstype="tmpfs",mountpoint="/run"} 1
node_filesystem_size_bytes{device="/dev/loop1",device_error="",fstype="squashfs",mountpoint="/snap/core"} 100
node_filesystem_avail_bytes{device="/dev/loop1",device_error="",fstype="squashfs",mountpoint="/snap/core"} 0
node_filesystem_size_bytes{device="/dev/sdc",device_error="",fstype="xfs",mountpoint="/broken"} NaN
node_filesystem_avail_bytes{device="/dev/sdc",device_error="",fstype="xfs",mountpoint="/broken"} 1
node_filesystem_device_error{device="/dev/sdd",device_error="input/output error",fstype="xfs",mountpoint="/dead"} 1
`

func pattern(text string) *catalog.Regexp { return &catalog.Regexp{Regexp: regexp.MustCompile(text)} }

// answering serves one text, and notes the query.
func answering(t *testing.T, status int, body string) (address string, query *string) {
	t.Helper()
	query = new(string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*query = r.FormValue("query")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	return server.URL, query
}

// vector is an answer of Prometheus' with the samples of a page.
func vector(t *testing.T, page string) string {
	t.Helper()
	type series struct {
		Metric map[string]string `json:"metric"`
		Value  [2]any            `json:"value"`
	}
	var all []series
	row := regexp.MustCompile(`^(\w+)\{(.*)\} (\S+)$`)
	for line := range strings.Lines(page) {
		parts := row.FindStringSubmatch(strings.TrimSpace(line))
		if parts == nil {
			continue
		}
		metric := map[string]string{"__name__": parts[1]}
		for _, pair := range regexp.MustCompile(`(\w+)="([^"]*)"`).FindAllStringSubmatch(parts[2], -1) {
			metric[pair[1]] = pair[2]
		}
		all = append(all, series{metric, [2]any{1.7e9, parts[3]}})
	}
	text, err := json.Marshal(map[string]any{"status": "success", "data": map[string]any{"resultType": "vector", "result": all}})
	require.NoError(t, err)
	return string(text)
}

func TestDisksOfAMachine(t *testing.T) {
	cases := map[string]struct {
		mountpoints *catalog.Regexp
		page        string
		want        []disk
		err         string
	}{
		"all": {nil, machinePage, []disk{{"/", 1000, 600, 100, 10}, {"/data", 5e12, 4e12, 0, 0}}, ""},
		"one": {pattern("^/data$"), machinePage, []disk{{"/data", 5e12, 4e12, 0, 0}}, ""},
		"the other place of a disk, asked for by name": {pattern("^/var"), machinePage, []disk{{"/var/lib/bind", 1000, 600, 0, 0}}, ""},
		"none that can be written to":                  {pattern("^/(run|media|snap)"), machinePage, nil, "no file system is left to watch: none that can be written to matches mountpoints"},
		"another program's page":                       {nil, "# TYPE up gauge\nup{} 1\n", nil, "there is no node_filesystem_size_bytes: node_exporter's collector filesystem exports it"},
		"more is available than there is":              {nil, "node_filesystem_size_bytes{mountpoint=\"/\"} 10\nnode_filesystem_avail_bytes{mountpoint=\"/\"} 11\n", []disk{{"/", 10, 0, 0, 0}}, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			page, _ := answering(t, 200, tc.page)
			server, query := answering(t, 200, vector(t, tc.page))
			c := New(Options{})
			c.o.prometheus = server
			for source, spec := range map[string]*catalog.NodeExporterResource{
				"its own page":     {URL: page, Mountpoints: tc.mountpoints},
				"links.prometheus": {Instance: "db-1:9100", Labels: map[string]string{"cluster": "east"}, Mountpoints: tc.mountpoints},
			} {
				got, err := newNodeExporter(&catalog.Resource{NodeExporter: spec}, c.o)(t.Context())
				if tc.err != "" {
					require.ErrorContains(t, err, tc.err, source)
					continue
				}
				require.NoError(t, err, source)
				require.Equal(t, tc.want, got.disks, source)
			}
			require.Equal(t, `{__name__=~"node_filesystem_size_bytes|node_filesystem_avail_bytes|node_filesystem_files|node_filesystem_files_free|node_filesystem_readonly",instance="db-1:9100",cluster="east"}`, *query)
		})
	}
}

const claimsPage = `
kubelet_volume_stats_capacity_bytes{namespace="production",node="a",persistentvolumeclaim="data-shop-0"} 1000
kubelet_volume_stats_available_bytes{namespace="production",node="a",persistentvolumeclaim="data-shop-0"} 250
kubelet_volume_stats_used_bytes{namespace="production",node="a",persistentvolumeclaim="data-shop-0"} 700
kubelet_volume_stats_inodes{namespace="production",node="a",persistentvolumeclaim="data-shop-0"} 50
kubelet_volume_stats_inodes_free{namespace="production",node="a",persistentvolumeclaim="data-shop-0"} 20
kubelet_volume_stats_capacity_bytes{namespace="production",node="b",persistentvolumeclaim="data-shop-0"} 1000
kubelet_volume_stats_available_bytes{namespace="production",node="b",persistentvolumeclaim="data-shop-0"} 240
kubelet_volume_stats_capacity_bytes{namespace="production",node="b",persistentvolumeclaim="fonts"} 1000
kubelet_volume_stats_available_bytes{namespace="production",node="b",persistentvolumeclaim="fonts"} 0
kubelet_volume_stats_capacity_bytes{namespace="production",node="b",persistentvolumeclaim="share"} 0
kubelet_volume_stats_available_bytes{namespace="production",node="b",persistentvolumeclaim="share"} 0
kube_persistentvolumeclaim_access_mode{namespace="production",persistentvolumeclaim="fonts",access_mode="ReadOnlyMany"} 1
`

func TestVolumes(t *testing.T) {
	server, query := answering(t, 200, vector(t, claimsPage))
	c := New(Options{})
	c.o.prometheus = server
	read := func(claims *catalog.Regexp) (sample, error) {
		return newVolumes(&catalog.Resource{Volumes: &catalog.VolumesResource{Namespace: "production", Claims: claims}}, c.o)(t.Context())
	}
	got, err := read(nil)
	require.NoError(t, err)
	require.Equal(t, []disk{{"data-shop-0", 1000, 760, 0, 0}}, got.disks, "two kubelets speak of it: the fuller one counts")
	require.Equal(t, `{__name__=~"kubelet_volume_stats_capacity_bytes|kubelet_volume_stats_available_bytes|kubelet_volume_stats_inodes|kubelet_volume_stats_inodes_free|kube_persistentvolumeclaim_access_mode",namespace="production"}`, *query)
	_, err = read(pattern("^fonts"))
	require.EqualError(t, err, "no volume is left to watch: no claim that can be written to matches claims")
	c.o.prometheus, _ = answering(t, 200, vector(t, ""))
	_, err = read(nil)
	require.ErrorContains(t, err, "links.prometheus has no kubelet_volume_stats_capacity_bytes of the namespace")
	c.o.prometheus, _ = answering(t, 503, `{"status":"error","error":"partial response: store a is away"}`)
	_, err = read(nil)
	require.EqualError(t, err, "asking "+c.o.prometheus+"/api/v1/query: status 503: partial response: store a is away")
	c.o.prometheus = ""
	_, err = read(nil)
	require.EqualError(t, err, "links.prometheus is missing: it says whom to ask")
}

func TestManyDisksLeaveTheFullest(t *testing.T) {
	var found []labelled
	for i := range 100 {
		found = append(found, labelled{disk: disk{name: fmt.Sprintf("d%02d", i), size: 100, used: float64(i)}})
	}
	found = append(found, labelled{disk: disk{name: "inodes", size: 100, inodes: 100, inodesIn: 99.5}})
	s := bounded(found)
	require.Len(t, s.disks, maxDisks)
	require.Equal(t, 101-maxDisks, s.ignored)
	require.Equal(t, "d69", s.disks[0].name)
	require.Equal(t, "inodes", s.disks[maxDisks-1].name)
}

func TestNamesOfDisksAreBounded(t *testing.T) {
	require.Equal(t, "/a?b?", readable("/a\nb\xff"))
	require.Len(t, readable(strings.Repeat("é", 100)), longestDisk-1, "cut between letters")
}

func TestExportOfDisks(t *testing.T) {
	page, _ := answering(t, 200, machinePage)
	c := New(Options{})
	c.Update(shop(map[string]*catalog.Resource{"db": {NodeExporter: &catalog.NodeExporterResource{URL: page, Mountpoints: pattern("^/$")}}}), all)
	c.results.Once(t.Context())
	require.NoError(t, testutil.CollectAndCompare(c, strings.NewReader(`
# HELP tocsin_resource_disk_inodes Inodes that the disk has; absent where its file system does not count them.
# TYPE tocsin_resource_disk_inodes gauge
tocsin_resource_disk_inodes{component="db",disk="/",service="shop"} 100
# HELP tocsin_resource_disk_inodes_used Inodes of the disk that are in use.
# TYPE tocsin_resource_disk_inodes_used gauge
tocsin_resource_disk_inodes_used{component="db",disk="/",service="shop"} 10
# HELP tocsin_resource_disk_size_bytes Size of the disk.
# TYPE tocsin_resource_disk_size_bytes gauge
tocsin_resource_disk_size_bytes{component="db",disk="/",service="shop"} 1000
# HELP tocsin_resource_disk_used_bytes Space of the disk that cannot be written to any more.
# TYPE tocsin_resource_disk_used_bytes gauge
tocsin_resource_disk_used_bytes{component="db",disk="/",service="shop"} 600
`), "tocsin_resource_disk_inodes", "tocsin_resource_disk_inodes_used", "tocsin_resource_disk_size_bytes", "tocsin_resource_disk_used_bytes", "tocsin_resource_memory_used_bytes"))
	problems, err := testutil.CollectAndLint(c)
	require.NoError(t, err)
	require.Empty(t, problems)
}
