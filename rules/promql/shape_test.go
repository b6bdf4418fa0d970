package promql

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBareCounters(t *testing.T) {
	for expression, want := range map[string][]string{
		`sum(rate(a_total[5m]))`:                              nil,
		`increase(a_total[1h]) / rate(b_count[5m])`:           nil,
		`histogram_quantile(0.9, rate(a_bucket[5m]))`:         nil,
		`service:a_total:rate5m`:                              nil,
		`a_total > 0`:                                         {"a_total"},
		`max_over_time(a_total[5m])`:                          {"a_total"},
		`rate(a_total[5m]) and b_sum unless c_bucket`:         {"b_sum", "c_bucket"},
		`max_over_time(rate(a_total[5m])[1h:1m]) + a_seconds`: nil,
	} {
		t.Run(expression, func(t *testing.T) {
			got, err := BareCounters(expression)
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
}

func TestLooseJoins(t *testing.T) {
	for expression, loose := range map[string]bool{
		`a * on (service) b`:                                                    true,
		`max by (service) (a) / on (service) b`:                                 true,
		`sum by (service) (a * on (service) service:b:max)`:                     true,
		`a - a offset 1w`:                                                       true,
		`topk by (service) (2, a) * on (service) service:b:max`:                 true,
		`label_replace(a, "x", "$1", "y", "(.+)") * service:b:max`:              true,
		`max by (service) (a) / on (service) service:b:max`:                     false,
		`topk by (service) (1, a) * on (service) group_left () service:b:max`:   false,
		`(service:a:max and on (service) b) * on (service) max by (service)(c)`: false,
		`a and on (service) b`:                                                  false,
		`a * 60 > 0`:                                                            false,
		`time() - max by (x) (a)`:                                               false,
		`max(a) * on () vector(1)`:                                              false,
	} {
		t.Run(expression, func(t *testing.T) {
			got, err := LooseJoins(expression)
			require.NoError(t, err)
			require.Equal(t, loose, len(got) > 0, got)
		})
	}
}

func TestShapesOfWhatDoesNotParse(t *testing.T) {
	_, err := BareCounters("a +")
	require.ErrorContains(t, err, `parsing "a +"`)
	_, err = LooseJoins("a +")
	require.ErrorContains(t, err, `parsing "a +"`)
}
