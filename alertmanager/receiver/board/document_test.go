package board_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// The examples of the page are good: the catalogue loads, and the password's
// hash is of the kind that the command beside it makes.
func TestTheDocumentsExamples(t *testing.T) {
	text, err := os.ReadFile("../../../docs/board.md")
	require.NoError(t, err)
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	require.Len(t, examples, 2)
	require.Contains(t, examples[0][1], "$2y$10$")
	cost, err := bcrypt.Cost([]byte("$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"))
	require.NoError(t, err)
	require.Equal(t, 10, cost)
	c, err := catalog.Parse("tocsin.yml", []byte("monitoring: {team: shop}\nteams: {shop: {}}\nservices: {}\n"+examples[1][1]))
	require.NoError(t, err)
	require.Equal(t, "email", c.Board.OIDC.UserClaim)
	for _, role := range []string{"read", "respond", "admin"} {
		require.Contains(t, string(text), "\n| "+role+" |", "a role is not explained")
	}
	require.True(t, strings.HasPrefix(string(text), "# The board"))
}
