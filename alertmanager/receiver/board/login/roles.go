package login

import (
	"slices"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// person is whom of the catalogue a login means. The name of a password is the
// operator's own choice, so it may be the person's id.
func person(c *catalog.Catalog, by, login string) string {
	for id, p := range c.People {
		if by == ByPassword && id == login {
			return id
		}
		for _, one := range p.Logins {
			if strings.EqualFold(one, login) {
				return id
			}
		}
	}
	return ""
}

// role is the highest that a person or a group has. Who is logged in may read
// and respond where the catalogue does not say who may.
func role(roles catalog.BoardRoles, person string, groups []string) Role {
	in := func(list []string) bool {
		return slices.ContainsFunc(list, func(name string) bool {
			group, is := strings.CutPrefix(name, catalog.RoleGroup)
			return name == catalog.RoleEveryone || is && slices.Contains(groups, group) || !is && name == person
		})
	}
	switch {
	case in(roles.Admin):
		return Admin
	case roles.Respond == nil, in(roles.Respond):
		return Respond
	case roles.Read == nil, in(roles.Read):
		return Read
	}
	return None
}

// named keeps the groups that some role names: a session is small.
func named(roles catalog.BoardRoles, groups []string) []string {
	var kept []string
	for _, name := range slices.Concat(roles.Read, roles.Respond, roles.Admin) {
		group, is := strings.CutPrefix(name, catalog.RoleGroup)
		if is && slices.Contains(groups, group) && !slices.Contains(kept, group) {
			kept = append(kept, group)
		}
	}
	return kept
}
