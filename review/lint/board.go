package lint

import (
	"fmt"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// board says who may answer incidents. Passwords stand in the receiver's web
// configuration, which is not in the catalogue: who has some says it there.
func board(in Input) []Finding {
	b := in.Catalog.Board
	address := in.Catalog.Links.Board
	if b.OIDC == nil && b.Anonymous == "" && address != "" && !loopback(address) {
		return []Finding{{Warning, fmt.Sprintf("links.board is %s, beyond this machine, and whoever reaches it may answer incidents "+
			"unless the receiver has passwords (add board.oidc, or say in board.anonymous what is meant)", address)}}
	}
	if len(b.Roles.Admin) == 0 && b.OIDC != nil {
		return []Finding{{Warning, "board.roles.admin names nobody: nobody sees who did what on the board"}}
	}
	switch {
	case b.Anonymous == catalog.BoardRespond, b.OIDC == nil && b.Anonymous == "":
		return orGood(nil, "everybody who reaches the board may answer")
	case b.Anonymous == catalog.BoardRead:
		return orGood(nil, "everybody who reaches the board may read; who has logged in may answer")
	}
	return orGood(nil, "who has logged in may see it")
}
