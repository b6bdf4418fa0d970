package resource

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/procfs"
)

// noLimit is from where on cgroup v1's memory.limit_in_bytes means that there
// is none: the kernel writes 2⁶³ rounded down to a page, and pages differ.
const noLimit = 1 << 62

// cgroups reads control groups, version 1, 2 or a mixture, under root.
type cgroups struct{ root string }

// limit is the smallest limit that holds for a process; the zero limit is
// none. Group is the folder that sets it.
type limit struct {
	value float64
	group string
	used  func() (float64, error) // what counts against it, of the whole group
}

// memory returns the memory limit of a process in bytes.
func (c cgroups) memory(belongs []procfs.Cgroup) (limit, error) {
	if top, dir, ok := c.v1(belongs, "memory"); ok {
		return smallest(top, dir, memoryV1, "total_rss", "total_shmem")
	}
	if top, dir, ok := c.v2(belongs); ok {
		return smallest(top, dir, memoryV2, "anon", "shmem")
	}
	return limit{}, nil
}

// cpu returns the CPU limit of a process in cores.
func (c cgroups) cpu(belongs []procfs.Cgroup) (limit, error) {
	if top, dir, ok := c.v1(belongs, "cpu"); ok {
		return smallest(top, dir, cpuV1)
	}
	if top, dir, ok := c.v2(belongs); ok {
		return smallest(top, dir, cpuV2)
	}
	return limit{}, nil
}

// v1 finds the folder of a process' group under a version 1 controller.
func (c cgroups) v1(belongs []procfs.Cgroup, controller string) (top, dir string, ok bool) {
	for _, g := range belongs {
		if !slices.Contains(g.Controllers, controller) {
			continue
		}
		for _, name := range []string{controller, strings.Join(g.Controllers, ",")} {
			top = filepath.Join(c.root, name)
			if dir, ok = folder(top, g.Path); ok {
				return top, dir, true
			}
		}
	}
	return "", "", false
}

// v2 finds the folder of a process' group in the unified hierarchy. Beside
// version 1 it has no controllers, hence no limits.
func (c cgroups) v2(belongs []procfs.Cgroup) (top, dir string, ok bool) {
	if _, err := os.Stat(filepath.Join(c.root, "cgroup.controllers")); err != nil {
		return "", "", false
	}
	for _, g := range belongs {
		if g.HierarchyID == 0 {
			dir, ok = folder(c.root, g.Path)
			return c.root, dir, ok
		}
	}
	return "", "", false
}

// folder is where a group's files are. In a container the path may be the
// host's while the mount shows the container's own group as its top; a path
// that climbs out of the namespace belongs to somebody else's container, whose
// limits cannot be seen from here.
func folder(top, path string) (string, bool) {
	if strings.HasPrefix(path, "/..") {
		return "", false
	}
	for _, dir := range []string{filepath.Join(top, path), top} {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return dir, true
		}
	}
	return "", false
}

// smallest climbs from dir to top: every group above limits those below.
// Usage names the fields of memory.stat that count against the limit.
func smallest(top, dir string, read func(dir string) (float64, error), usage ...string) (limit, error) {
	var least limit
	for {
		value, err := read(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // the top group has no limit files
			return limit{}, err
		}
		if value > 0 && (least.value == 0 || value < least.value) {
			group := dir
			least = limit{value: value, group: group, used: func() (float64, error) { return usedBy(group, usage) }}
		}
		if dir == top || len(dir) <= len(top) {
			return least, nil
		}
		dir = filepath.Dir(dir)
	}
}

// usedBy adds fields of a group's memory.stat: memory that cannot be dropped
// under pressure, unlike the page cache that the group's total includes.
func usedBy(group string, fields []string) (float64, error) {
	text, err := read(group, "memory.stat")
	if err != nil {
		return 0, err
	}
	sum := 0.0
	for line := range strings.Lines(text) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !slices.Contains(fields, name) {
			continue
		}
		value, err := number(group, "memory.stat", rest)
		if err != nil {
			return 0, err
		}
		sum += value
	}
	return sum, nil
}

func memoryV1(dir string) (float64, error) {
	text, err := read(dir, "memory.limit_in_bytes")
	if err != nil {
		return 0, err
	}
	value, err := number(dir, "memory.limit_in_bytes", text)
	if value >= noLimit || value < 0 {
		return 0, err
	}
	return value, err
}

func memoryV2(dir string) (float64, error) {
	text, err := read(dir, "memory.max")
	if err != nil || text == "max" {
		return 0, err
	}
	return number(dir, "memory.max", text)
}

func cpuV1(dir string) (float64, error) {
	quota, err := read(dir, "cpu.cfs_quota_us")
	if err != nil || quota == "-1" {
		return 0, err
	}
	period, err := read(dir, "cpu.cfs_period_us")
	if err != nil {
		return 0, err
	}
	return share(dir, quota, period)
}

func cpuV2(dir string) (float64, error) {
	text, err := read(dir, "cpu.max")
	if err != nil {
		return 0, err
	}
	quota, period, _ := strings.Cut(text, " ")
	if quota == "max" {
		return 0, nil
	}
	return share(dir, quota, period)
}

func share(dir, quota, period string) (float64, error) {
	q, err := number(dir, "the CPU quota", quota)
	if err != nil {
		return 0, err
	}
	p, err := number(dir, "the CPU period", period)
	if err != nil || p <= 0 {
		return 0, err
	}
	return q / p, nil
}

func read(dir, name string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, name))
	return strings.TrimSpace(string(text)), err
}

func number(dir, name, text string) (float64, error) {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("reading %s of %s: %q is no number", name, dir, text)
	}
	return value, nil
}
