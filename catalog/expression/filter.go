package expression

import (
	"errors"
	"fmt"

	"github.com/go-ldap/ldap/v3"
)

// CheckFilter says what is wrong with a directory's search filter (RFC 4515).
func CheckFilter(text string) error {
	_, err := ldap.CompileFilter(text)
	if err == nil {
		return nil
	}
	if said, is := errors.AsType[*ldap.Error](err); is && said.Err != nil {
		err = said.Err // without the code of a result that there is not
	}
	return fmt.Errorf("malformed filter: %w (want one such as (uid=probe))", err)
}
