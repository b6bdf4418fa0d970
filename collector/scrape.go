package collector

import (
	"io"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// Scrape is what the exporter's page shows: the harness's series and those of
// everything else, whose families are others. The probes are looked at first,
// so that a page that says down has the location's sight of after it.
type Scrape struct {
	Harness *Harness
	Others  prometheus.Gatherer
}

// Gather returns all families, sorted by name, for the formats that Write does
// not know. What Others returns besides an error is kept.
func (s Scrape) Gather() ([]*dto.MetricFamily, error) {
	probes := s.Harness.families()
	others, err := s.Others.Gather()
	all := slices.Concat(others, probes)
	slices.SortFunc(all, func(a, b *dto.MetricFamily) int { return strings.Compare(a.GetName(), b.GetName()) })
	return all, err
}

// Write writes the page in the classic text format or in OpenMetrics 1.0. It
// keeps little more than a chunk of it in memory and no lock while out makes it
// wait, so a slow reader delays nobody. What Others returns besides an error is
// written; an error of out comes first.
func (s Scrape) Write(out io.Writer, openMetrics bool) error {
	sections := s.Harness.sections()
	others, failed := s.Others.Gather()
	p := &page{out: out, openMetrics: openMetrics, text: make([]byte, 0, chunk+chunk/4)}
	for _, f := range sections {
		for len(others) > 0 && others[0].GetName() < f.name {
			p.encode(others[0])
			others = others[1:]
		}
		f.on(p)
	}
	for _, f := range others {
		p.encode(f)
	}
	if openMetrics {
		p.text = append(p.text, "# EOF\n"...)
	}
	p.flush()
	if p.err != nil {
		return p.err
	}
	return failed
}

// encode writes a family of client_golang's.
func (p *page) encode(f *dto.MetricFamily) {
	p.flush()
	if p.err != nil {
		return
	}
	if p.openMetrics {
		_, p.err = expfmt.MetricFamilyToOpenMetrics(p.out, f)
		return
	}
	_, p.err = expfmt.MetricFamilyToText(p.out, f)
}

// section is a family with what it is to be written of.
type section struct {
	name, help string
	kind       dto.MetricType
	write      func(p *page)
}

func (s section) on(p *page) {
	p.begin(s.name, s.help, s.kind)
	s.write(p)
}

// sections are all families of the harness, sorted by name. They hold what is
// known now: what probes find meanwhile does not show in some and not in others.
func (h *Harness) sections() []section {
	h.mu.Lock()
	order, c := h.order, h.catalogued
	h.mu.Unlock()
	all := make([]*totals, len(order))
	for i, t := range order {
		all[i] = t.totals.Load()
	}
	var list []section
	for _, f := range families() {
		list = append(list, section{f.name, f.help, f.kind, func(p *page) {
			for i, t := range order {
				f.write(p, t, all[i])
			}
		}})
	}
	for _, f := range catalogFamilies() {
		list = append(list, section{f.name, f.help, dto.MetricType_GAUGE, func(p *page) {
			if c != nil {
				f.write(p, c)
			}
		}})
	}
	slices.SortFunc(list, func(a, b section) int { return strings.Compare(a.name, b.name) })
	return list
}

// families collects all families of the harness.
func (h *Harness) families() []*dto.MetricFamily {
	p := new(page)
	for _, s := range h.sections() {
		s.on(p)
	}
	return p.families
}

// Gather returns the harness's families, sorted by name.
func (h *Harness) Gather() ([]*dto.MetricFamily, error) { return h.families(), nil }
