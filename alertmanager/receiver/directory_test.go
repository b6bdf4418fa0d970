package receiver

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall/duty"
	"github.com/tocsin-monitoring/tocsin/catalog"
)

// The catalogue changes while an incident is open: its team has another name, or
// is no more. Somebody is called all the same, and steps and people are of one
// team.
func TestWhoIsCalledWhenTheTeamHasChanged(t *testing.T) {
	const people = "people: {asha: {name: Asha}, ben: {name: Ben}}\nmonitoring: {team: house, fallback_team: house, break_glass: [{slack: {channel: '#x', webhook_file: x}}]}\n"
	const teams = "teams: {house: {members: [ben]}, NAME: {members: [asha]}}\n"
	const services = "services: {shop: {team: NAME, probes: {p: {tcp: {address: '127.0.0.1:1'}}}}}\n"
	for name, c := range map[string]struct{ text, want string }{
		"as it was":       {people + teams + services, "asha"},
		"renamed":         {people + "teams: {house: {members: [ben]}, shops: {members: [asha]}}\nservices: {shop: {team: shops, probes: {p: {tcp: {address: '127.0.0.1:1'}}}}}\n", "asha"},
		"gone, with both": {people + "teams: {house: {members: [ben]}}\nservices: {}\n", "ben"},
	} {
		t.Run(name, func(t *testing.T) {
			spec, err := catalog.Parse("tocsin.yml", []byte(strings.ReplaceAll(c.text, "NAME", "shop")))
			require.NoError(t, err)
			d, err := newDirectory(spec, notify.Settings{}, new(duty.Shelf), time.Now())
			require.NoError(t, err)
			i := incident.Incident{ID: 1, Key: incident.Key{Service: "shop", Audience: incident.AudienceUsers}, Team: "shop"}
			for _, role := range []incident.Role{incident.RoleOnCall, incident.RoleTeam} {
				got, err := d.people(i, role, time.Now())
				require.NoError(t, err)
				require.Equal(t, []string{c.want}, got, role)
			}
			d.catalog.Teams[d.team("shop", "shop").Name].Members = nil
			_, err = d.people(i, incident.RoleOnCall, time.Now())
			require.ErrorContains(t, err, "has nobody on call: no rota and no members", "that must stand on the timeline")
		})
	}
}
