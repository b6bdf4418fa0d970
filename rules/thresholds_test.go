package rules_test

import (
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/rules/promql"
)

// TestNoThresholdIsANumber: what is normal for a service is the catalogue's to
// say. A rule about one compares with a number only to ask yes or no; what
// Tocsin promises of itself has its reason below.
func TestNoThresholdIsANumber(t *testing.T) {
	each(t, func(group promql.Group, rule promql.Rule) {
		comparisons, err := promql.Comparisons(rule.Expr)
		require.NoErrorf(t, err, "%s", rule.Name())
		for _, comparison := range comparisons {
			if group.Name == "tocsin" && numbers[rule.Name()][comparison.Number] != "" {
				continue
			}
			require.Containsf(t, []float64{0, 1}, comparison.Number, "%s has a threshold in it: %s", rule.Name(), comparison.Expression)
		}
	})
}

// TestEveryThresholdIsMissed: a threshold that an alert compares with is looked
// for too, because the alert is silent without it.
func TestEveryThresholdIsMissed(t *testing.T) {
	compared, looked := map[string]bool{}, map[string]bool{}
	chosen := regexp.MustCompile(`tocsin_threshold_(?:ratio|seconds):newest\{(?:signal|resource)="([a-z_]+)"\}`)
	each(t, func(_ promql.Group, rule promql.Rule) {
		into := compared
		if rule.Record == "service_threshold:tocsin_threshold_missing:info" {
			into = looked
		}
		for _, match := range chosen.FindAllStringSubmatch(rule.Expr, -1) {
			into[match[1]] = true
		}
	})
	require.NotEmpty(t, compared)
	require.Equal(t, slices.Sorted(maps.Keys(compared)), slices.Sorted(maps.Keys(looked)))
}

// numbers are the reasons for every other number that stands in a rule.
var numbers = map[string]map[float64]string{
	"TocsinMessagesUnsent": {
		180: "a provider that fails is tried four times within seconds, then comes the next way: what waits for three minutes has none",
	},
	"RotaGapAhead": {
		604800: "a week: enough to find somebody, whatever the rota",
	},
	"instance:tocsin_catalog_version:current": {
		2:  "with 48, scales the hash of 48 bits to a fraction of a second",
		48: "see 2",
	},
	"instance_service_probe_location:tocsin_probe_down:until": {
		3600: "the hour for which everything is remembered when its source is gone",
	},
	"service_probe_location:tocsin_probe_last_duration_seconds:median5m": {
		0.5: "the median: what is typical, which is then compared with the threshold",
	},
	"service_probe:tocsin_probe_last_duration_seconds:median5m": {
		0.5: "the median: the typical location",
		2:   "tells an even number of locations from an odd one",
	},
	"service_probe:tocsin_probe_stale_bound_seconds:max": {
		3: "the run that is due and two missed ones, in intervals of the probe's own",
	},
	"service:tocsin_domain_critical_seconds:max": {
		7: "critical is the last seventh of the threshold, as for certificates",
	},
	"service_probe:tocsin_probe_replication_lag_seconds:median5m": {
		0.5: "the median: one late answer is no lag",
	},
	"service_probe:tocsin_probe_clock_offset_seconds:median5m": {
		0.5: "the median: one late answer is no offset",
	},
	"service:tocsin_disk_critical_seconds:max": {
		6: "critical is the last sixth of the threshold: 4 of 24 hours",
	},
	"service:tocsin_disk_watched_ratio:max": {
		0.7: "of the threshold: on an emptier disk there is time to see whether growth lasts",
	},
	"service_component_disk_unit:tocsin_disk_growth:min1h": {
		0.5: "the median: what ten minutes typically add, which one step does not move",
	},
	"service_component_disk_unit:tocsin_disk_growth:hours": {
		0.5: "the median: what the hours typically add",
	},
	"service_component_disk_unit:tocsin_disk_left_seconds:min": {
		0.01: "full is what is written as 100 %: some hundreds of kilobytes are always left over",
	},
	"service:tocsin_certificate_critical_seconds:max": {
		7: "critical is the last seventh of the threshold: 3 of 21 days",
	},
}

func TestEveryNumberHasAReason(t *testing.T) {
	used := map[string]map[float64]bool{}
	each(t, func(_ promql.Group, rule promql.Rule) {
		literals, err := promql.Literals(rule.Expr)
		require.NoError(t, err)
		used[rule.Name()] = map[float64]bool{}
		for _, number := range literals {
			used[rule.Name()][number] = true
			if number != 0 && number != 1 {
				require.NotEmptyf(t, numbers[rule.Name()][number], "%s: %v needs a reason here, or a place in the catalogue", rule.Name(), number)
			}
		}
	})
	for name, reasons := range numbers {
		for number := range reasons {
			require.Truef(t, used[name][number], "%s has no %v any more", name, number)
		}
	}
}
