package render

import (
	"fmt"

	"github.com/prometheus/alertmanager/config"
	"go.yaml.in/yaml/v3"
)

// oldestAlertmanager is the first version that has every option we write.
const oldestAlertmanager = "0.31"

// verify has Alertmanager's own loader read the text.
func verify(text []byte) error {
	if _, err := config.Load(string(text)); err != nil {
		return fmt.Errorf("verifying with Alertmanager's loader: %w", err)
	}
	return nil
}

// verifyFragment verifies the fragment as the only guest of a host's file.
func verifyFragment(text []byte) error {
	var part map[string]any
	if err := yaml.Unmarshal(text, &part); err != nil {
		return fmt.Errorf("verifying the fragment: %w", err)
	}
	part["route"].(map[string]any)["receiver"] = "host"
	part["receivers"] = append(part["receivers"].([]any), map[string]any{"name": "host"})
	whole, err := yaml.Marshal(part)
	if err != nil {
		return fmt.Errorf("verifying the fragment: %w", err)
	}
	return verify(whole)
}
