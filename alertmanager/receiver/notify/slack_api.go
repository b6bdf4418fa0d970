package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// slackAPI calls Slack's Web API for one bot. Slack answers 200 with "ok":
// false to what it does not do: see https://docs.slack.dev/apis/web-api/.
type slackAPI struct {
	http  *http.Client
	place string // of the channel in the catalogue
	spec  *catalog.SlackChannel

	mu    sync.Mutex
	until time.Time // before which Slack does not want to hear from us
}

// mostHistory bounds a page of messages.
const mostHistory = 4 << 20

// write calls a method with a JSON body.
func (s *slackAPI) write(ctx context.Context, method string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return permanent("writing to Slack: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.address(method), bytes.NewReader(text))
	if err != nil {
		return permanent("%s.api is not a URL", s.place)
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	return s.call(ctx, r, into)
}

// read calls a method that only takes a query.
func (s *slackAPI) read(ctx context.Context, method string, query url.Values, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.address(method)+"?"+query.Encode(), nil)
	if err != nil {
		return permanent("%s.api is not a URL", s.place)
	}
	return s.call(ctx, r, into)
}

func (s *slackAPI) address(method string) string {
	return strings.TrimRight(s.spec.API, "/") + "/" + method
}

func (s *slackAPI) call(ctx context.Context, r *http.Request, into any) error {
	if left := s.closed(); left > 0 {
		return &Error{Err: fmt.Errorf("waiting as Slack asked: %s more", Length(left)), RetryAfter: left}
	}
	token, err := secretFile(s.place+".bot_token_file", s.spec.BotTokenFile)
	if err != nil {
		return permanent("%w", err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	body, refusal := exchangeUpTo(ctx, s.http, r, mostHistory)
	if refusal != nil {
		s.wait(refusal.RetryAfter)
		return refusal
	}
	var said struct {
		OK    bool   `json:"ok"`
		Error string `json:"error"`
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return temporary("Slack's answer did not come whole")
	}
	if !said.OK {
		return s.refusal(said.Error)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		return temporary("Slack's answer is not as documented")
	}
	return nil
}

func (s *slackAPI) closed() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Until(s.until)
}

func (s *slackAPI) wait(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if until := time.Now().Add(d); d > 0 && until.After(s.until) {
		s.until = until
	}
}

// slackRefusal is an answer with "ok": false.
type slackRefusal struct{ code, advice string }

func (r *slackRefusal) Error() string {
	text := "Slack refused: " + r.code
	if r.advice != "" {
		text += " (" + r.advice + ")"
	}
	return text
}

// slackFinal are the refusals that stay until somebody mends the workspace,
// the catalogue or us. Any other may pass: the message is tried again.
func slackFinal() []string {
	return []string{
		"channel_not_found", "not_in_channel", "is_archived", "user_not_in_channel", "message_not_found", "thread_not_found", "cant_update_message",
		"edit_window_closed", "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "missing_scope", "no_permission",
		"restricted_action", "restricted_action_read_only_channel", "restricted_action_thread_only_channel", "restricted_action_non_threadable_channel",
		"not_allowed_token_type", "ekm_access_denied", "team_access_not_granted", "enterprise_is_restricted", "access_denied", "org_login_required",
		"msg_too_long", "msg_blocks_too_long", "invalid_blocks", "invalid_blocks_format", "invalid_arguments", "invalid_metadata_format", "no_text",
		"metadata_too_large", "invalid_metadata_schema", "unknown_method", "method_deprecated",
	}
}

// refusal sorts an error of Slack's.
func (s *slackAPI) refusal(code string) error {
	code = strings.Map(func(r rune) rune {
		if r == '_' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, code)
	code = code[:min(len(code), 60)]
	if code == "" {
		code = "it does not say why"
	}
	return &Error{Err: &slackRefusal{code, s.advice(code)}, Permanent: slices.Contains(slackFinal(), code)}
}

func (s *slackAPI) advice(code string) string {
	switch code {
	case "channel_not_found", "is_archived":
		return s.place + ".channel names no channel that the bot can see"
	case "not_in_channel":
		return "invite the bot to the channel"
	case "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive":
		return s.place + ".bot_token_file holds no token that is good"
	case "missing_scope", "no_permission":
		return "the bot's app lacks a scope: see docs/slack.md"
	}
	return ""
}

// slackSaid says whether Slack refused with one of some codes.
func slackSaid(err error, codes ...string) bool {
	refusal, ok := errors.AsType[*slackRefusal](err)
	return ok && slices.Contains(codes, refusal.code)
}
