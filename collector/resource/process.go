package resource

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/procfs"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// newProcess reads processes on the exporter's own machine: resident memory
// and CPU time from procfs, limits from their control groups unless the
// catalogue declares them.
//
// Each process is an instance, except where several share one limit: then
// their group is the instance, because the limit holds for them together.
func newProcess(r *catalog.Resource, o Options) source {
	f := finder{spec: r.Process, proc: o.ProcFS}
	groups := cgroups{root: o.CgroupFS}
	slots := slots{}
	return func(ctx context.Context) (sample, error) {
		found, err := f.find(ctx)
		if err != nil {
			return sample{}, err
		}
		members := make([]member, 0, len(found))
		for _, p := range found {
			m, err := newMember(p, groups, r)
			if gone(err) {
				continue // it ended between being found and being read
			}
			if err != nil {
				return sample{}, fmt.Errorf("reading process %d: %w", p.PID, err)
			}
			members = append(members, m)
		}
		if len(members) == 0 {
			return sample{}, f.nothing()
		}
		units, err := merge(members)
		if err != nil {
			return sample{}, err
		}
		return slots.assign(units), nil
	}
}

// finder finds the processes of one component.
type finder struct {
	spec *catalog.ProcessResource
	proc string
}

func (f finder) find(ctx context.Context) (procfs.Procs, error) {
	mount, err := procfs.NewFS(f.proc)
	if err != nil {
		return nil, fmt.Errorf("reading processes: %w", err)
	}
	if f.spec.PIDFile != "" {
		return f.byFile(mount)
	}
	all, err := mount.AllProcs()
	if err != nil {
		return nil, fmt.Errorf("listing processes: %w", err)
	}
	var found procfs.Procs
	for _, p := range all {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		words, err := p.CmdLine()
		if err != nil || len(words) == 0 { // ended, a zombie or the kernel's
			continue
		}
		if f.spec.Command.MatchString(strings.Join(words, " ")) {
			found = append(found, p)
		}
	}
	return found, nil
}

func (f finder) byFile(mount procfs.FS) (procfs.Procs, error) {
	file, err := os.Open(f.spec.PIDFile)
	if err != nil {
		return nil, fmt.Errorf("reading pid_file: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, 64))
	if err != nil {
		return nil, fmt.Errorf("reading pid_file: %w", err)
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(text)))
	if err != nil || pid <= 0 {
		return nil, fmt.Errorf("reading pid_file %q: want one process id", f.spec.PIDFile)
	}
	p, err := mount.Proc(pid)
	if err != nil {
		return nil, nil // nothing says which process is missing
	}
	return procfs.Procs{p}, nil
}

func (f finder) nothing() error {
	if f.spec.PIDFile != "" {
		return fmt.Errorf("the process that pid_file %q names does not run", f.spec.PIDFile)
	}
	return fmt.Errorf("no process has a command line that matches %q", f.spec.Command.String())
}

// gone reports whether a process ended while it was read.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, os.ErrProcessDone) || (err != nil && strings.Contains(err.Error(), "no such process"))
}

// member is one process with the limits that hold for it.
type member struct {
	pid          int
	began        uint64 // clock ticks after boot; with the pid it names a process
	resident     float64
	cpu          float64
	memory, cpus limit
	declared     catalog.Resource
}

func newMember(p procfs.Proc, groups cgroups, r *catalog.Resource) (member, error) {
	stat, err := p.Stat()
	if err != nil {
		return member{}, err
	}
	m := member{pid: p.PID, began: stat.Starttime, resident: float64(stat.ResidentMemory()), cpu: stat.CPUTime(), declared: *r}
	if r.MemoryLimit > 0 && r.CPULimit > 0 {
		return m, nil
	}
	belongs, err := p.Cgroups()
	if err != nil {
		return member{}, err
	}
	if r.MemoryLimit == 0 {
		if m.memory, err = groups.memory(belongs); err != nil {
			return member{}, err
		}
	}
	if r.CPULimit == 0 {
		m.cpus, err = groups.cpu(belongs)
	}
	return m, err
}

// unit becomes an instance: a process, or a group of them. Its name tells it
// from the others as long as it lives.
type unit struct {
	name  string
	order uint64
	instance
}

// merge makes units of members: processes under one memory limit are counted
// together by what their group says it uses.
func merge(members []member) ([]unit, error) {
	slices.SortFunc(members, func(a, b member) int {
		return cmp.Or(cmp.Compare(a.began, b.began), cmp.Compare(a.pid, b.pid))
	})
	sharing := map[string]int{}
	for _, m := range members {
		sharing[m.memory.group]++
	}
	var units []unit
	merged := map[string]bool{}
	for _, m := range members {
		group := m.memory.group
		if group == "" || sharing[group] == 1 {
			units = append(units, m.unit())
			continue
		}
		if merged[group] {
			continue
		}
		merged[group] = true
		used, err := m.memory.used()
		if err != nil {
			return nil, fmt.Errorf("reading the memory of group %s: %w", group, err)
		}
		units = append(units, together(m, used, members))
	}
	return units, nil
}

func (m member) unit() unit {
	name := fmt.Sprintf("%d/%d", m.pid, m.began)
	return unit{name: name, order: m.began, instance: instance{
		memoryUsed: m.resident, hasMemory: true, memoryLimit: cmp.Or(float64(m.declared.MemoryLimit), m.memory.value),
		cpu: m.cpu, hasCPU: true, cpuLimit: cmp.Or(m.declared.CPULimit, m.cpus.value), life: name,
	}}
}

// together is the unit of the members under first's memory limit. The CPU time
// of a process that ends leaves the sum, so its life names the members: their
// change starts the counter anew.
func together(first member, used float64, members []member) unit {
	u := first.unit()
	u.name, u.memoryUsed, u.cpu, u.life = first.memory.group, used, 0, ""
	for _, m := range members {
		if m.memory.group == first.memory.group {
			u.cpu += m.cpu
			u.life += fmt.Sprintf("%d/%d ", m.pid, m.began)
		}
	}
	return u
}

// slots gives each unit the lowest free number when it first appears and keeps
// it until the unit is gone: bounded over any number of restarts, and the
// series of one process do not move when another ends.
type slots map[string]int

func (s slots) assign(units []unit) sample {
	present := map[string]bool{}
	for _, u := range units {
		present[u.name] = true
	}
	taken := map[int]bool{}
	for name, slot := range s {
		if !present[name] {
			delete(s, name)
			continue
		}
		taken[slot] = true
	}
	var out sample
	for _, u := range units {
		slot, known := s[u.name]
		if !known {
			for slot = 0; taken[slot]; {
				slot++
			}
			if slot >= maxInstances {
				out.ignored++
				continue
			}
			s[u.name], taken[slot] = slot, true
		}
		u.slot = slot
		out.instances = append(out.instances, u.instance)
	}
	return out
}
