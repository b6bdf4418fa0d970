package probe

import (
	"net/http"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// identity proves who is asking. The zero value proves nothing.
type identity struct {
	spec    *catalog.Auth
	secrets *secrets
	tokens  *tokenSource // of OAuth2; nil without it
}

func newIdentity(s site, spec *catalog.Auth) identity {
	i := identity{spec: spec, secrets: s.secrets}
	if spec != nil && spec.OAuth2 != nil {
		i.tokens = &tokenSource{spec: spec.OAuth2, secrets: s.secrets, tokens: &s.shared.tokens}
	}
	return i
}

// prove puts the proof on a request. kept says that it was proven before and
// may have been revoked since; new proof is fetched by way of e.
func (i identity) prove(req *http.Request, e *exchange) (kept bool, err error) {
	switch {
	case i.spec == nil:
	case i.tokens != nil:
		var token string
		if token, kept, err = i.tokens.token(req.Context(), e); err != nil {
			return false, err
		}
		req.Header.Set("Authorization", "Bearer "+token)
	case i.spec.Bearer != nil:
		token, err := i.secret(i.spec.Bearer)
		if err != nil {
			return false, err
		}
		req.Header.Set("Authorization", "Bearer "+token)
	default:
		password, err := i.secret(i.spec.Password)
		if err != nil {
			return false, err
		}
		req.SetBasicAuth(i.spec.User, password)
		i.secrets.conceal("auth", req.Header.Get("Authorization"))
	}
	return kept, nil
}

// renew forgets what was refused.
func (i identity) renew() {
	if i.tokens != nil {
		i.tokens.forget()
	}
}

func (i identity) secret(file *catalog.Secret) (string, error) {
	value, err := i.secrets.read(catalog.Text{File: file})
	if err != nil {
		return "", ourFault{err}
	}
	return value, nil
}
