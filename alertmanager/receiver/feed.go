package receiver

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/store"
)

// feedName is how a feed is called in its address and in the store.
func feedName(kind, name string) string { return kind + " " + name }

// FeedToken is the secret part of the address of a feed: "rota" or "person",
// and its name; "" where it was switched off. It does not expire, because a
// calendar asks for years, but is good only until it is renewed.
func (r *Receiver) FeedToken(ctx context.Context, kind, name string) (string, error) {
	text := feedName(kind, name)
	feed, err := r.store.Feed(ctx, text)
	if err != nil || !feed.Open {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString([]byte(text)) + "." + base64.RawURLEncoding.EncodeToString(r.signer.feedSum(text, feed.Edition)), nil
}

// CheckFeed says which feed a token is for. Whoever has left the catalogue has
// none.
func (r *Receiver) CheckFeed(ctx context.Context, token string) (kind, name string, err error) {
	payload, signature, _ := strings.Cut(token, ".")
	text, errText := base64.RawURLEncoding.DecodeString(payload)
	sum, errSum := base64.RawURLEncoding.DecodeString(signature)
	if errText != nil || errSum != nil {
		return "", "", board.ErrFeed
	}
	kind, name, _ = strings.Cut(string(text), " ")
	if !r.hasFeed(kind, name) {
		return "", "", board.ErrFeed
	}
	feed, err := r.store.Feed(ctx, string(text))
	if err != nil {
		return "", "", err
	}
	if !feed.Open || !hmac.Equal(sum, r.signer.feedSum(string(text), feed.Edition)) {
		return "", "", board.ErrFeed
	}
	return kind, name, nil
}

func (r *Receiver) hasFeed(kind, name string) bool {
	d := r.current.Load()
	switch kind {
	case board.FeedPerson:
		return d.catalog.People[name] != nil
	case board.FeedRota:
		return d.rotas[name] != nil
	}
	return false
}

// RenewFeed makes every address of a feed that there was invalid. Unless it is
// open there is no new one.
func (r *Receiver) RenewFeed(ctx context.Context, kind, name string, open bool, by string) error {
	if !r.hasFeed(kind, name) {
		return board.Refused{Err: fmt.Errorf("there is no %s %q", kind, name)}
	}
	return r.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		tx.AfterCommit(func() {
			level.Info(r.logger).Log("msg", "The address of a calendar was renewed", "kind", kind, "name", name, "open", open, "by", by)
			r.hub.publish()
		})
		return tx.RenewFeed(feedName(kind, name), open)
	})
}
