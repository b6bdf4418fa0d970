package render

import "fmt"

// errorf is a problem at a path of the catalogue.
func (r *renderer) errorf(path, format string, args ...any) error {
	return fmt.Errorf(path+": "+format, args...)
}
