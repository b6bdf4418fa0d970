package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// create writes a file as a whole: whoever looks sees nothing of it or all of
// it. A file that is there already stays, unless it may be replaced.
func create(name string, content []byte, mode fs.FileMode, replace bool) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // the other name of the file, or the only one when something failed
	_, err = temporary.Write(content)
	err = errors.Join(err, temporary.Chmod(mode), temporary.Sync(), temporary.Close())
	switch {
	case err != nil:
		return err
	case replace:
		return os.Rename(temporary.Name(), name)
	}
	if err := os.Link(temporary.Name(), name); errors.Is(err, fs.ErrExist) {
		return refusal(name)
	} else if err != nil {
		return err
	}
	return nil
}

// free says with an error that a file is there already.
func free(name string) error {
	if _, err := os.Lstat(name); err == nil {
		return refusal(name)
	}
	return nil
}

func refusal(name string) error {
	return fmt.Errorf("%s is there already, and is left alone (--force replaces it)", name)
}
