package demo

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// TokenFile holds what Alertmanager shows the receiver, under the estate's
// state folder; tocsin.yml names the same path.
func TokenFile(stateDir string) string { return filepath.Join(stateDir, "receiver-token") }

// DeployToken holds what a deployment shows the receiver; likewise.
func DeployToken(stateDir string) string { return filepath.Join(stateDir, "deploy-token") }

// Prepare makes what the parts of the demo estate share and what no repository
// should hold: the certificate authority and the receiver's tokens. What is
// there stays as it is.
func Prepare(stateDir string) error {
	if _, err := loadAuthority(authorityDir(stateDir)); err != nil {
		return err
	}
	return errors.Join(makeToken(TokenFile(stateDir)), makeToken(DeployToken(stateDir)))
}

func makeToken(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("making a token of the receiver: %w", err)
	}
	_, err = file.WriteString(rand.Text() + "\n")
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("writing a token of the receiver, %q: %w", path, err)
	}
	return nil
}
