package inbound

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// entra checks the tokens of Azure's secure webhooks. An issuer is asked for
// its keys when its first token comes, and again when it has new ones.
type entra struct {
	http *http.Client
	now  func() time.Time

	mu      sync.Mutex
	issuers map[string]*oidc.Provider
}

// errIssuer says that the issuer's keys could not be read: the sender may come
// again.
var errIssuer = errors.New("the issuer of the token cannot be asked")

// verify wants a token of the issuer, for us, of the application that calls.
func (t *entra) verify(ctx context.Context, spec *catalog.Entra, token string) error {
	provider, err := t.provider(ctx, spec.Issuer)
	if err != nil {
		return fmt.Errorf("%w: %w", errIssuer, err)
	}
	verified, err := provider.Verifier(&oidc.Config{ClientID: spec.Audience, Now: t.now}).Verify(ctx, token)
	if err != nil {
		return errors.New("the token is not valid here: it is expired, of another issuer or for another audience")
	}
	var claims struct {
		App   string   `json:"appid"` // version 1
		Party string   `json:"azp"`   // version 2
		Roles []string `json:"roles"`
	}
	if err := verified.Claims(&claims); err != nil {
		return errors.New("the token's claims cannot be read")
	}
	if claims.App != spec.Client && claims.Party != spec.Client {
		return errors.New("the token is of another application")
	}
	if spec.Role != "" && !slices.Contains(claims.Roles, spec.Role) {
		return errors.New("the token's application does not have the role")
	}
	return nil
}

// provider lives longer than the request that asks for it first.
func (t *entra) provider(ctx context.Context, issuer string) (*oidc.Provider, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p := t.issuers[issuer]; p != nil {
		return p, nil
	}
	p, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), t.http), issuer)
	if err != nil {
		return nil, err
	}
	t.issuers[issuer] = p
	return p, nil
}
