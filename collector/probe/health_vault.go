package probe

import "net/http"

// Codes with which Vault and OpenBao say what a server is that is well and not
// the active one: https://developer.hashicorp.com/vault/api-docs/system/health.
const (
	vaultRecovery           = 472 // the secondary of disaster recovery
	vaultPerformanceStandby = 473
)

// vaultReport reads the answer of /v1/sys/health, whose flags say how a server
// of Vault is set up, and which is no rate limit where it is 429: a standby is
// as well as the active server.
func vaultReport(top map[string]any) (healthReport, bool) {
	initialized, first := top["initialized"].(bool)
	sealed, second := top["sealed"].(bool)
	standby, third := top["standby"].(bool)
	if !first || !second || !third {
		return healthReport{}, false
	}
	has := func(name string, value bool) bool { flag, is := top[name].(bool); return is && flag == value }
	report := healthReport{state: stateUp, word: "active", codes: []int{http.StatusTooManyRequests, vaultRecovery, vaultPerformanceStandby}}
	switch {
	case !initialized:
		report.state, report.word = stateDown, "not initialized"
	case sealed:
		report.state, report.word = stateDown, "sealed"
	case has("removed_from_cluster", true):
		report.state, report.word = stateDown, "removed from the cluster"
	case has("ha_connection_healthy", false):
		report.state, report.word = stateDown, "a standby that does not reach the active server"
	case has("performance_standby", true):
		report.word = "performance standby"
	case standby:
		report.word = "standby"
	}
	return report, true
}
