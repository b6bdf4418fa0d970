package lint

import (
	"maps"
	"slices"

	"github.com/tocsin-monitoring/tocsin/catalog/expression"
)

// conditions compiles every condition in CEL, as the exporter does when it
// loads the catalogue.
func conditions(in Input) []Finding {
	var findings []Finding
	var compiler expression.Compiler
	seen := 0
	for _, service := range slices.Sorted(maps.Keys(in.Catalog.Services)) {
		probes := in.Catalog.Services[service].Probes
		for _, name := range slices.Sorted(maps.Keys(probes)) {
			http := probes[name].HTTP
			if http == nil || http.BodyCEL == "" {
				continue
			}
			seen++
			if _, err := compiler.Compile(http.BodyCEL); err != nil {
				at := "services." + service + ".probes." + name + ".http.body_cel"
				findings = append(findings, Finding{Problem, in.Catalog.Errorf(at, "%v", err).Error()})
			}
		}
	}
	return orGood(findings, number(seen, "condition"))
}
