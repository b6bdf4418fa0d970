package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/collector/discovery"
	"github.com/tocsin-monitoring/tocsin/review/lint"
)

// discovered judges the files that the catalogue's sources of discovery name,
// as an exporter would read them here and now.
func discovered(c *catalog.Catalog) []lint.Finding {
	inspection := discovery.Inspect(c)
	var findings []lint.Finding
	for _, f := range inspection.Findings {
		findings = append(findings, lint.Finding{Verdict: verdictOf(f), Text: textOf(f)})
	}
	if len(findings) == 0 && len(inspection.Others) < len(c.Discovery) {
		findings = append(findings, lint.Finding{
			Verdict: lint.Good, Text: fmt.Sprintf("%s in files make %s", counted(inspection.Targets, "target"), counted(inspection.Services, "service")),
		})
	}
	if len(inspection.Others) > 0 {
		findings = append(findings, lint.Finding{Verdict: lint.Skipped, Text: strings.Join(inspection.Others, ", ") + ": only an exporter asks these over the network"})
	}
	return findings
}

// verdictOf: a file may be another machine's; what is here has to be right.
func verdictOf(f discovery.Finding) lint.Verdict {
	if f.Absent || f.Kept {
		return lint.Warning
	}
	return lint.Problem
}

// textOf is file:line:column, the source, the target, and what is wrong.
func textOf(f discovery.Finding) string {
	at := f.Position
	if folder, err := os.Getwd(); err == nil {
		if near, err := filepath.Rel(folder, at.File); err == nil && !strings.HasPrefix(near, "..") {
			at.File = filepath.ToSlash(near)
		}
	}
	place := at.String()
	if at.Line == 0 {
		place = at.File
	}
	parts := []string{place, "discovery." + f.Source}
	if f.Target != "" && !strings.HasPrefix(f.Target, "group ") {
		parts = append(parts, f.Target)
	}
	return strings.Join(append(parts, f.Problem), ": ")
}
