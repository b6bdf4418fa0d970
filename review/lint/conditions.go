package lint

import (
	"maps"
	"slices"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/catalog/expression"
)

// conditions compiles every condition in CEL, as the exporter does when it
// loads the catalogue.
func conditions(in Input) []Finding {
	var compiler expression.Compiler
	return compiled(in, "condition", "http.body_cel", func(p *catalog.Probe) (text string, err error) {
		if p.HTTP == nil || p.HTTP.BodyCEL == "" {
			return "", nil
		}
		_, err = compiler.Compile(p.HTTP.BodyCEL)
		return p.HTTP.BodyCEL, err
	})
}

// filters compiles every search filter of a directory.
func filters(in Input) []Finding {
	return compiled(in, "filter", "ldap.filter", func(p *catalog.Probe) (text string, err error) {
		if p.LDAP == nil || !p.LDAP.Searches() {
			return "", nil
		}
		return p.LDAP.Filter, expression.CheckFilter(p.LDAP.Filter)
	})
}

// compiled has every probe's text compiled, which stands at a place below it;
// an empty text is none.
func compiled(in Input, thing, place string, compile func(*catalog.Probe) (text string, err error)) []Finding {
	var findings []Finding
	seen := 0
	for _, service := range slices.Sorted(maps.Keys(in.Catalog.Services)) {
		probes := in.Catalog.Services[service].Probes
		for _, name := range slices.Sorted(maps.Keys(probes)) {
			text, err := compile(probes[name])
			if text != "" {
				seen++
			}
			if err != nil {
				at := "services." + service + ".probes." + name + "." + place
				findings = append(findings, Finding{Problem, in.Catalog.Errorf(at, "%v", err).Error()})
			}
		}
	}
	return orGood(findings, number(seen, thing))
}
