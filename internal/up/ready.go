package up

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

const pollEvery = 100 * time.Millisecond

// waitReady asks until the part answers 2xx. The error of an ended ctx says
// what the part answered last.
func waitReady(ctx context.Context, client *http.Client, p part) error {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		err := askReady(ctx, client, p.ready)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", p.what, err)
		case <-ticker.C:
		}
	}
}

func askReady(ctx context.Context, client *http.Client, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10))
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("%s answers %s", address, answer.Status)
	}
	return nil
}

// Ready asks the address once; nil when it answers 2xx within five seconds.
// Containers use it as their health check.
func Ready(ctx context.Context, address string) error {
	return askReady(ctx, &http.Client{Timeout: 5 * time.Second}, address)
}
