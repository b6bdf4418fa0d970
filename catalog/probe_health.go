package catalog

import "strings"

// HealthProbe reads the document in which a service says how it and its
// components are.
type HealthProbe struct {
	URL string `yaml:"url"`
	Access
	Format        string   `yaml:"format,omitempty"`         // auto (default), health+json, actuator, aspnet, okcomputer or map
	Require       []string `yaml:"require,omitempty"`        // components that must be there and up
	Optional      []string `yaml:"optional,omitempty"`       // components that may be down: name or name*
	Degraded      string   `yaml:"degraded,omitempty"`       // whether a degraded service passes (default) or fails
	MaxAge        Duration `yaml:"max_age,omitempty"`        // of the time that the document gives; any by default
	MaxComponents int      `yaml:"max_components,omitempty"` // reported, the worst first; 20 by default
}

// The values of HealthProbe.Degraded.
const (
	DegradedPasses = "pass"
	DegradedFails  = "fail"
)

// HealthFormats are what HealthProbe.Format may be.
func HealthFormats() []string {
	return []string{"auto", "health+json", "actuator", "aspnet", "okcomputer", "map"}
}

func (p *HealthProbe) complete() {
	const components = 20
	p.Format = or(p.Format, "auto")
	p.Degraded = or(p.Degraded, DegradedPasses)
	p.MaxComponents = or(p.MaxComponents, components)
	p.Access.complete()
}

func (p *HealthProbe) check(c *checker, path string) {
	const most = 100
	c.checkURL(below(path, "url"), p.URL)
	c.checkWord(below(path, "format"), p.Format, HealthFormats())
	c.checkWord(below(path, "degraded"), p.Degraded, []string{DegradedPasses, DegradedFails})
	if p.MaxComponents > most {
		c.add(below(path, "max_components"), "got %d, want at most %d, because each is a series", p.MaxComponents, most)
	}
	for i, name := range p.Optional {
		if j := strings.Index(name, "*"); j >= 0 && j < len(name)-1 {
			c.add(at(below(path, "optional"), i), "got %s, want a * at the end only", clipped(name))
		}
		for _, required := range p.Require {
			if required == name {
				c.add(at(below(path, "optional"), i), "%s is required too (remove it from one of the lists)", clipped(name))
			}
		}
	}
	p.Access.check(c, path, p.URL)
}
