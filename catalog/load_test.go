package catalog_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

func TestTheDemoEstateLoads(t *testing.T) {
	c, err := catalog.Load("../tocsin.yml")
	require.NoError(t, err)
	login := c.Services["shop"].Probes["login"]
	require.Equal(t, "shop", login.Service)
	require.Equal(t, "GET /login", login.Journey[0].Name)
	require.Len(t, login.Journey, 3)
	require.Equal(t, "3s", login.Slow.String())
}
