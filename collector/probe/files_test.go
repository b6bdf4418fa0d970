package probe

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

func TestProbesShareAFileAndALookAtItASecond(t *testing.T) {
	_, authority, err := selfSigned(time.Now().Add(time.Hour))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "ca.pem")
	write := func(text string) { require.NoError(t, os.WriteFile(path, []byte(text), 0o600)) }
	synctest.Test(t, func(t *testing.T) {
		write(string(authority))
		var f files
		first, err := f.current(path, false)
		require.NoError(t, err)
		require.NotNil(t, first.pool())
		again, err := f.current(path, false)
		require.NoError(t, err)
		require.Same(t, first, again)
		require.Same(t, first.pool(), again.pool(), "one pool for all")

		write("not a certificate")
		again, err = f.current(path, false)
		require.NoError(t, err)
		require.Same(t, first, again, "looked at within the last second")
		later, err := f.current(path, true)
		require.NoError(t, err)
		require.Equal(t, "not a certificate", string(later.text), "looked at afresh")
		require.Nil(t, later.pool())

		require.NoError(t, os.Remove(path))
		time.Sleep(lookEvery)
		_, err = f.current(path, false)
		require.ErrorIs(t, err, os.ErrNotExist)
		_, err = f.current(path, false)
		require.ErrorIs(t, err, os.ErrNotExist, "nor is it taken for good within the second")
		write("not a certificate")
		time.Sleep(lookEvery)
		back, err := f.current(path, false)
		require.NoError(t, err)
		require.Same(t, later, back, "nothing has changed")
	})
}

// What was changed while another file could not be read is not overlooked.
func TestACertificateAndItsKeyAreReplacedOneAfterTheOther(t *testing.T) {
	cert, key := keyPair(t)
	newCert, newKey := keyPair(t)
	trust := newTrust(site{catalog: new(catalog.Catalog), shared: new(shared)}, "http", "", "")
	trust.certify(cert, key)
	before, err := trust.current()
	require.NoError(t, err)

	trust.forget()
	require.NoError(t, os.Rename(newCert, cert))
	require.NoError(t, os.Remove(key))
	_, err = trust.current()
	require.Error(t, err)
	require.NoError(t, os.Rename(newKey, key))
	after, err := trust.current()
	require.NoError(t, err)
	require.NotEqual(t, before.Certificates[0].Certificate, after.Certificates[0].Certificate)
}
