package callback

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

const govukNotify = "govuk_notify"

// govukBody reads what GOV.UK Notify posted, if it has the token that was
// chosen for it. The answer is zero when all is well.
func (h *handler) govukBody(r request, into any) answer {
	spec := h.Desk.Catalog().Delivery.GovukNotify
	if spec == nil || spec.CallbackTokenFile == "" {
		return answer{code: http.StatusNotFound}
	}
	want, err := secret(spec.CallbackTokenFile)
	if err != nil {
		return failed(err)
	}
	given, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256(want)
	if subtle.ConstantTimeCompare(a[:], b[:]) != 1 {
		return forbidden
	}
	if json.Unmarshal(r.body, into) != nil {
		return answer{code: http.StatusBadRequest}
	}
	return answer{}
}

// govukStatus takes the receipt of a message, which is named by our reference.
func (h *handler) govukStatus(r request) answer {
	var said struct{ Reference, Status string }
	if a := h.govukBody(r, &said); a.code != 0 {
		return a
	}
	r.SetPathValue("id", said.Reference)
	a := h.receipt(r, notify.GovukStatus(said.Status))
	if a.code == http.StatusNotFound {
		return done // another message of the same service
	}
	return a
}

// govukText takes a text message that somebody sent to the service. Notify cannot
// answer in the same breath: the answer is a message of its own.
func (h *handler) govukText(r request) answer {
	var said struct {
		ID      string `json:"id"`
		Number  string `json:"source_number"`
		Message string `json:"message"`
	}
	if a := h.govukBody(r, &said); a.code != 0 {
		return a
	}
	text, err := h.reply(r.Context(), texted{
		from: govukNotify, id: said.ID, number: said.Number, text: said.Message,
		stops: "the person replied STOP to GOV.UK Notify: more text messages through it may not arrive",
	})
	if err != nil && !errors.Is(err, errStranger) {
		return failed(err)
	}
	a := done
	if text != "" {
		a.after = func(ctx context.Context) {
			if err := h.Desk.Answer(ctx, govukNotify, "+"+digits(said.Number), text); err != nil {
				level.Error(h.Logger).Log("msg", "A reply could not be answered", "provider", govukNotify, "err", err)
			}
		}
	}
	return a
}
