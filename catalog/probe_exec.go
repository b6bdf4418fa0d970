package catalog

import (
	"path/filepath"
	"regexp"
	"strings"
)

// ExecProbe runs a command on the exporter's machine, which the exporter's
// operator allows with --probe.enable-exec. Command is the program and its
// arguments, without a shell; its exit status is read as monitoring plugins
// give it: 0 ok, 1 warning, 2 critical, 3 unknown. FailOn is the lowest status
// that is a failure, warning by default.
type ExecProbe struct {
	Command     []string        `yaml:"command"`
	Environment map[string]Text `yaml:"environment,omitempty"` // besides PATH, HOME, LANG and TZ
	Directory   string          `yaml:"directory,omitempty"`   // / by default
	FailOn      ExecStatus      `yaml:"fail_on,omitempty"`
}

// ExecStatus is an exit status of a monitoring plugin.
type ExecStatus string

// The values of ExecProbe.FailOn.
const (
	ExecWarning  ExecStatus = "warning"
	ExecCritical ExecStatus = "critical"
)

func (s *ExecStatus) parse(text string) (err error) {
	*s, err = choice(text, ExecWarning, ExecCritical)
	return err
}

func (p *ExecProbe) complete() {
	p.FailOn = or(p.FailOn, ExecWarning)
	p.Directory = or(p.Directory, "/")
}

func (p *ExecProbe) check(c *checker, path string) {
	if len(p.Command) == 0 && c.given(below(path, "command")) {
		c.add(below(path, "command"), "there is nothing to run (want a list such as [/usr/lib/nagios/plugins/check_ldap, -H, ldap.example.org])")
	}
	if len(p.Command) > 0 && p.Command[0] != "" {
		c.checkProgram(at(below(path, "command"), 0), p.Command[0])
	}
	for i, argument := range p.Command {
		if strings.ContainsRune(argument, 0) {
			c.add(at(below(path, "command"), i), "an argument cannot hold a zero byte")
		}
	}
	if p.Directory != "" && !filepath.IsAbs(p.Directory) {
		c.add(below(path, "directory"), "got %s, want an absolute path", clipped(p.Directory))
	}
	c.checkEnvironment(below(path, "environment"), p.Environment)
}

// checkProgram wants a name that is looked up in PATH, or an absolute path: the
// exporter does not run where the catalogue lies.
func (c *checker) checkProgram(path, program string) {
	switch {
	case strings.ContainsAny(program, " \t|&;"):
		c.add(path, "got %s, want the program alone: no shell reads it (want [sh, -c, %s])", clipped(program), clipped(program))
	case strings.Contains(program, "/") && !filepath.IsAbs(program):
		c.add(path, "got %s, want an absolute path, or a name that is found in PATH", clipped(program))
	}
}

// checkEnvironment wants names that a program can read, and no secret in place.
func (c *checker) checkEnvironment(path string, environment map[string]Text) {
	variable := regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	secret := regexp.MustCompile(`(?i)(password|passwd|secret|token|api_?key|credential)`)
	for name, value := range environment {
		place := below(path, name)
		if !variable.MatchString(name) {
			c.add(place, "malformed name of a variable (got %s, want letters, digits and _, such as SHOP_URL)", clipped(name))
		}
		if value.File == nil && value.Literal != "" && secret.MatchString(name) {
			c.hideAt(place)
			c.add(place, "secrets are kept in files of their own (want %s: {file: PATH})", name)
		}
	}
}
