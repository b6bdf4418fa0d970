package resource

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// machine is a made-up proc and cgroup file system.
type machine struct {
	t           *testing.T
	proc, group string
}

func newMachine(t *testing.T) machine {
	t.Helper()
	root := t.TempDir()
	m := machine{t: t, proc: filepath.Join(root, "proc"), group: filepath.Join(root, "cgroup")}
	require.NoError(t, os.MkdirAll(m.proc, 0o755))
	require.NoError(t, os.MkdirAll(m.group, 0o755))
	return m
}

func (m machine) write(path, text string) {
	m.t.Helper()
	require.NoError(m.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(m.t, os.WriteFile(path, []byte(text), 0o644))
}

// process describes one entry of /proc. Ticks are hundredths of a second.
type process struct {
	pid, pages, ticks, began int
	command, cgroup          string
}

func (m machine) put(p process) {
	m.t.Helper()
	dir := filepath.Join(m.proc, strconv.Itoa(p.pid))
	fields := make([]string, 50)
	for i := range fields {
		fields[i] = "0"
	}
	// As proc(5) counts, from 3 on: the state, utime 14, starttime 22, rss 24.
	fields[0], fields[11], fields[19], fields[21] = "S", strconv.Itoa(p.ticks), strconv.Itoa(p.began), strconv.Itoa(p.pages)
	m.write(filepath.Join(dir, "stat"), fmt.Sprintf("%d (a (strange) name) %s\n", p.pid, strings.Join(fields, " ")))
	m.write(filepath.Join(dir, "cmdline"), strings.ReplaceAll(p.command, " ", "\x00")+"\x00")
	if p.cgroup == "" {
		p.cgroup = "0::/"
	}
	m.write(filepath.Join(dir, "cgroup"), p.cgroup+"\n")
}

func (m machine) source(r catalog.Resource) source {
	return newProcess(&r, Options{ProcFS: m.proc, CgroupFS: m.group})
}

func matching(expression string) catalog.Resource {
	return catalog.Resource{Process: &catalog.ProcessResource{Command: &catalog.Regexp{Regexp: regexp.MustCompile(expression)}}}
}

func TestLimitsOfControlGroups(t *testing.T) {
	const v1 = "9223372036854771712"
	cases := map[string]struct {
		cgroup      string
		files       map[string]string
		memory, cpu float64
	}{
		"version 2, no limits": {"0::/a.slice/shop.service", map[string]string{
			"cgroup.controllers": "cpu memory", "a.slice/shop.service/memory.max": "max", "a.slice/shop.service/cpu.max": "max 100000",
		}, 0, 0},
		"version 2, own limits": {"0::/a.slice/shop.service", map[string]string{
			"cgroup.controllers": "cpu memory", "a.slice/shop.service/memory.max": "268435456", "a.slice/shop.service/cpu.max": "150000 100000",
			"a.slice/memory.max": "max",
		}, 268435456, 1.5},
		"version 2, the group above is smaller": {"0::/a.slice/shop.service", map[string]string{
			"cgroup.controllers": "cpu memory", "a.slice/shop.service/memory.max": "268435456", "a.slice/shop.service/cpu.max": "max 100000",
			"a.slice/memory.max": "1048576", "a.slice/cpu.max": "50000 100000",
		}, 1048576, 0.5},
		"version 2, in a container whose own group is the top": {"0::/docker/abcdef", map[string]string{
			"cgroup.controllers": "cpu memory", "memory.max": "4096", "cpu.max": "200000 100000",
		}, 4096, 2},
		"version 2, a process of another container": {"0::/../other", map[string]string{
			"cgroup.controllers": "cpu memory", "memory.max": "4096",
		}, 0, 0},
		"version 1, no limits": {"4:memory:/shop\n1:cpu,cpuacct:/shop\n0::/", map[string]string{
			"memory/shop/memory.limit_in_bytes": v1, "memory/memory.limit_in_bytes": v1, "cpu,cpuacct/shop/cpu.cfs_quota_us": "-1",
		}, 0, 0},
		"version 1, no limits with pages of 64 KiB": {"4:memory:/shop", map[string]string{
			"memory/shop/memory.limit_in_bytes": "9223372036854710272",
		}, 0, 0},
		"version 1, own limits": {"4:memory:/shop\n1:cpu,cpuacct:/shop", map[string]string{
			"memory/shop/memory.limit_in_bytes": "536870912", "memory/memory.limit_in_bytes": v1,
			"cpu,cpuacct/shop/cpu.cfs_quota_us": "25000", "cpu,cpuacct/shop/cpu.cfs_period_us": "100000",
		}, 536870912, 0.25},
		"version 1, the group above is smaller": {"4:memory:/a/shop\n1:cpu:/a/shop", map[string]string{
			"memory/a/shop/memory.limit_in_bytes": v1, "memory/a/memory.limit_in_bytes": "8192",
			"cpu/a/shop/cpu.cfs_quota_us": "-1", "cpu/a/cpu.cfs_quota_us": "300000", "cpu/a/cpu.cfs_period_us": "100000",
		}, 8192, 3},
		"version 1 beside a version 2 without controllers": {"4:memory:/shop\n0::/user", map[string]string{
			"memory/shop/memory.limit_in_bytes": "8192", "unified/cgroup.procs": "",
		}, 8192, 0},
		"nothing is mounted": {"0::/shop", nil, 0, 0},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			for path, text := range tc.files {
				m.write(filepath.Join(m.group, path), text+"\n")
			}
			m.put(process{pid: 10, pages: 3, ticks: 250, began: 1000, command: "/opt/shop --serve", cgroup: tc.cgroup})
			got, err := m.source(matching("shop --serve"))(t.Context())
			require.NoError(t, err)
			require.Len(t, got.instances, 1)
			i := got.instances[0]
			require.Equal(t, float64(3*os.Getpagesize()), i.memoryUsed)
			require.InDelta(t, 2.5, i.cpu, 1e-9)
			require.Equal(t, tc.memory, i.memoryLimit) //nolint:testifylint // exact by construction
			require.InDelta(t, tc.cpu, i.cpuLimit, 1e-9)
		})
	}
}

func TestABrokenLimitIsAnError(t *testing.T) {
	m := newMachine(t)
	m.write(filepath.Join(m.group, "cgroup.controllers"), "memory")
	m.write(filepath.Join(m.group, "shop/memory.max"), "lots")
	m.put(process{pid: 10, pages: 3, command: "shop", cgroup: "0::/shop"})
	_, err := m.source(matching("shop"))(t.Context())
	require.ErrorContains(t, err, `reading process 10: reading memory.max of `)
	require.ErrorContains(t, err, `"lots" is no number`)
}

func TestDeclaredLimitsWin(t *testing.T) {
	m := newMachine(t)
	m.write(filepath.Join(m.group, "cgroup.controllers"), "memory")
	m.write(filepath.Join(m.group, "shop/memory.max"), "4096")
	m.put(process{pid: 10, pages: 3, command: "shop", cgroup: "0::/shop"})
	r := matching("shop")
	r.MemoryLimit, r.CPULimit = 1<<20, 2
	got, err := m.source(r)(t.Context())
	require.NoError(t, err)
	require.InDelta(t, 1<<20, got.instances[0].memoryLimit, 0)
	require.InDelta(t, 2, got.instances[0].cpuLimit, 0)
}

// TestSlots: a process keeps its number while it lives, a new one takes the
// lowest that is free, and a reused pid is a new process.
func TestSlots(t *testing.T) {
	m := newMachine(t)
	read := m.source(matching("worker"))
	slotsByPages := func() map[int]int {
		got, err := read(t.Context())
		require.NoError(t, err)
		slots := map[int]int{}
		for _, i := range got.instances {
			slots[int(i.memoryUsed)/os.Getpagesize()] = i.slot
		}
		return slots
	}
	m.put(process{pid: 30, pages: 1, began: 100, command: "worker"})
	m.put(process{pid: 20, pages: 2, began: 200, command: "worker"})
	m.put(process{pid: 10, pages: 3, began: 300, command: "worker"})
	require.Equal(t, map[int]int{1: 0, 2: 1, 3: 2}, slotsByPages(), "the oldest first, whatever its pid")

	require.NoError(t, os.RemoveAll(filepath.Join(m.proc, "20")))
	require.Equal(t, map[int]int{1: 0, 3: 2}, slotsByPages(), "nobody moves")

	m.put(process{pid: 40, pages: 4, began: 400, command: "worker"})
	m.put(process{pid: 10, pages: 5, began: 500, command: "worker"})
	require.Equal(t, map[int]int{1: 0, 4: 1, 5: 2}, slotsByPages())
}

func TestNoMoreInstancesThanAreToldApart(t *testing.T) {
	m := newMachine(t)
	for i := range 40 {
		m.put(process{pid: 100 + i, pages: 1, began: i, command: "worker"})
	}
	got, err := m.source(matching("worker"))(t.Context())
	require.NoError(t, err)
	require.Len(t, got.instances, 32)
	require.Equal(t, 8, got.ignored)
}

// TestProcessesUnderOneLimit: three workers at 30 % each of one limit are at
// 90 %, and what they share counts once.
func TestProcessesUnderOneLimit(t *testing.T) {
	cases := map[string]struct {
		cgroup string
		files  map[string]string
	}{
		"version 2": {"0::/shop/workers", map[string]string{
			"cgroup.controllers": "memory", "shop/memory.max": "1000000", "shop/workers/memory.max": "max",
			"shop/memory.stat": "anon 800000\nfile 150000\nshmem 100000\nanon_thp 7",
		}},
		"version 1": {"4:memory:/shop/workers", map[string]string{
			"memory/shop/memory.limit_in_bytes": "1000000", "memory/shop/workers/memory.limit_in_bytes": "9223372036854771712",
			"memory/shop/memory.stat": "rss 1\ntotal_cache 150000\ntotal_rss 800000\ntotal_shmem 100000",
		}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			for path, text := range tc.files {
				m.write(filepath.Join(m.group, path), text+"\n")
			}
			for pid := range 3 {
				m.put(process{pid: 10 + pid, pages: 100, ticks: 100, began: pid, command: "worker", cgroup: tc.cgroup})
			}
			m.put(process{pid: 20, pages: 7, command: "worker elsewhere", began: 9, cgroup: "0::/"})
			got, err := m.source(matching("worker"))(t.Context())
			require.NoError(t, err)
			require.Len(t, got.instances, 2)
			require.InDelta(t, 900000, got.instances[0].memoryUsed, 0)
			require.InDelta(t, 1000000, got.instances[0].memoryLimit, 0)
			require.InDelta(t, 3, got.instances[0].cpu, 1e-9)
			require.InDelta(t, float64(7*os.Getpagesize()), got.instances[1].memoryUsed, 0)
		})
	}
}

func TestProcessesThatAreNotThere(t *testing.T) {
	m := newMachine(t)
	m.put(process{pid: 10, pages: 3, command: "other"})
	m.put(process{pid: 11, command: ""}) // a zombie
	pids := t.TempDir()
	byFile := func(text string) catalog.Resource {
		name := filepath.Join(pids, "shop.pid")
		m.write(name, text)
		return catalog.Resource{Process: &catalog.ProcessResource{PIDFile: name}}
	}
	_, err := m.source(matching("shop"))(t.Context())
	require.EqualError(t, err, `no process has a command line that matches "shop"`)
	_, err = m.source(byFile("99\n"))(t.Context())
	require.ErrorContains(t, err, "does not run")
	_, err = m.source(byFile("shop\n"))(t.Context())
	require.ErrorContains(t, err, "want one process id")
	_, err = m.source(catalog.Resource{Process: &catalog.ProcessResource{PIDFile: pids + "/none"}})(t.Context())
	require.ErrorContains(t, err, "reading pid_file: open ")
	got, err := m.source(byFile(" 10\n"))(t.Context())
	require.NoError(t, err)
	require.Len(t, got.instances, 1)
}

// TestThisProcess reads the machine that the test runs on.
func TestThisProcess(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("there is no proc file system here")
	}
	r := catalog.Resource{Process: &catalog.ProcessResource{PIDFile: filepath.Join(t.TempDir(), "pid")}}
	require.NoError(t, os.WriteFile(r.Process.PIDFile, []byte(strconv.Itoa(os.Getpid())), 0o600))
	got, err := newProcess(&r, Options{ProcFS: "/proc", CgroupFS: "/sys/fs/cgroup"})(t.Context())
	require.NoError(t, err)
	require.Len(t, got.instances, 1)
	require.Greater(t, got.instances[0].memoryUsed, 1e6)
	require.Less(t, got.instances[0].memoryUsed, 1e9)
}
