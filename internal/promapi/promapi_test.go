package promapi

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRequest(t *testing.T) {
	req, err := NewRequest(t.Context(), "https://prometheus.example.org/base/", `up{job="a b"}`, 2500*time.Millisecond)
	require.NoError(t, err)
	require.Equal(t, "POST https://prometheus.example.org/base/api/v1/query", req.Method+" "+req.URL.String())
	body, err := io.ReadAll(req.Body)
	require.NoError(t, err)
	require.Equal(t, "query=up%7Bjob%3D%22a+b%22%7D&timeout=2.5s", string(body))
	req, err = NewWholeRequest(t.Context(), "https://prometheus.example.org", "1", time.Second)
	require.NoError(t, err)
	body, err = io.ReadAll(req.Body)
	require.NoError(t, err)
	require.Equal(t, "partial_response=false&query=1&timeout=1s", string(body))
	_, err = NewRequest(t.Context(), "http://bad host", "1", time.Second)
	require.ErrorContains(t, err, "asking Prometheus")
}

func TestSeriesAreWrittenAsInQueries(t *testing.T) {
	samples, err := Read(http.StatusOK, []byte(`{"status":"success","data":{"resultType":"vector","result":[
		{"metric":{"__name__":"up","job":"shop","instance":"a\"b"},"value":[1.7e9,"1"]},{"metric":{},"value":[1.7e9,"NaN"]}]}}`))
	require.NoError(t, err)
	require.Equal(t, `up{instance="a\"b", job="shop"}`, samples[0].String())
	require.Equal(t, "{}", samples[1].String())
	require.Equal(t, "NaN", samples[1].Value)
}

func TestWhatIsNoAnswer(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"nothing", "", "got status 200 and no JSON: is links.prometheus the address of a Prometheus?"},
		{"another API", "{}", "status 200: "},
		{"no result", `{"status":"success"}`, "reading the answer: it has no result"},
		{"a broken vector", `{"status":"success","data":{"resultType":"vector","result":{}}}`, "reading the answer: json: cannot unmarshal object"},
		{"a long error", `{"status":"error","error":"` + strings.Repeat("x", 1000) + `"}`, "status 200: xxx"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Read(http.StatusOK, []byte(test.text))
			require.ErrorContains(t, err, test.want)
			require.Less(t, len(err.Error()), 300)
		})
	}
}
