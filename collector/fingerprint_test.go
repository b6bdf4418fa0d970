package collector

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFingerprintsTellWhatChanged(t *testing.T) {
	spec := func(t *testing.T, text string) uint64 {
		c := parse(t, strings.Replace(oneProbe, "{http: {url: http://shop.example.org/}}", text, 1))
		return fingerprint(c.Services["shop"].Probes["home"])
	}
	base := spec(t, `{http: {url: http://shop.example.org/}}`)
	require.Equal(t, base, spec(t, `{interval: 15s, locations: [here], http: {url: http://shop.example.org/, method: GET, status: 2xx}}`), "defaults that are written out change nothing")
	for _, changed := range []string{
		`{http: {url: http://shop.example.org/, status: 200}}`,
		`{http: {url: http://shop.example.org/, body_regexp: x}}`,
		`{http: {url: http://shop.example.org/, headers: {A: b}}}`,
		`{http: {url: http://shop.example.org/, headers: {A: {file: b}}}}`,
		`{slow: 2s, http: {url: http://shop.example.org/}}`,
		`{means: info, http: {url: http://shop.example.org/}}`,
		`{interval: 60s, journey: [{get: http://shop.example.org/}]}`,
	} {
		require.NotEqual(t, base, spec(t, changed), changed)
	}
	journey := func(body string) uint64 {
		return spec(t, `{interval: 60s, journey: [{post: http://shop.example.org/, json: `+body+`}]}`)
	}
	require.Equal(t, journey(`{a: 1, b: [x]}`), journey(`{b: [x], a: 1}`))
	require.NotEqual(t, journey(`{a: 1, b: [x]}`), journey(`{a: 1, b: [y]}`))

	shared := func(body string) uint64 {
		c := parse(t, strings.Replace(oneProbe, "{http: {url: http://shop.example.org/}}", `{interval: 60s, journey: [{use: home}]}`, 1)+
			"steps: {home: [{post: http://shop.example.org/, json: "+body+"}]}\n")
		return fingerprint(c.Services["shop"].Probes["home"])
	}
	require.Equal(t, journey(`{a: 1}`), shared(`{a: 1}`), "where a step is written does not count")
	require.NotEqual(t, shared(`{a: 1}`), shared(`{a: 2}`))
}
