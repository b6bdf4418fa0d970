package board

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board/login"
	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/catalog/maintenance"
)

// longestKey bounds an Idempotency-Key.
const longestKey = 200

// Window is one window in the API. A window of the catalogue has a name and no
// number, and its times are those of now or of the next time that it comes.
type Window struct {
	ID                int64             `json:"id,omitempty"`
	Name              string            `json:"name,omitempty"`
	State             string            `json:"state"` // open, coming or over
	maintenance.Scope                   // services, teams, or all
	Reason            string            `json:"reason"`
	From              time.Time         `json:"from"`
	Until             time.Time         `json:"until"`
	Acts              []maintenance.Act `json:"acts,omitempty"` // who did what, the oldest first
}

func windowState(from, until, now time.Time) string {
	switch {
	case !now.Before(until):
		return "over"
	case now.Before(from):
		return "coming"
	}
	return "open"
}

func toAPIWindow(w maintenance.Window, acts []maintenance.Act, now time.Time) Window {
	return Window{
		ID: w.ID, Name: w.Name, State: windowState(w.From, w.Until, now), Scope: w.Scope, Reason: w.Reason,
		From: w.From.UTC(), Until: w.Until.UTC(), Acts: acts,
	}
}

// apiWindows lists what is open and what comes, and with ?state=all what was
// opened once and is over, too.
func (b *board) apiWindows(w http.ResponseWriter, r *http.Request) {
	state := r.URL.Query().Get("state")
	if state != "" && state != "all" {
		b.apiError(w, r, http.StatusBadRequest, fmt.Errorf("state is %q, want all or nothing", state))
		return
	}
	windows, err := b.Desk.Windows(r.Context())
	if err != nil {
		b.apiError(w, r, codeOf(err), err)
		return
	}
	list, now := []Window{}, b.Now()
	for _, of := range [][]maintenance.Window{windows.Open, windows.Coming} {
		for _, one := range of {
			list = append(list, toAPIWindow(one, windows.Once[one.ID].Acts, now))
		}
	}
	if state == "all" {
		for _, o := range windows.Past {
			list = append(list, toAPIWindow(o.Window(), o.Acts, now))
		}
	}
	b.json(w, http.StatusOK, map[string]any{"windows": list})
}

// apiOpenWindow takes a maintenance.Request and answers 201 with the window,
// or 200 when the Idempotency-Key has opened it before.
func (b *board) apiOpenWindow(w http.ResponseWriter, r *http.Request) {
	b.withCaller(w, r, func(who maintenance.Who) {
		var request maintenance.Request
		key := r.Header.Get("Idempotency-Key")
		err := readJSON(w, r, &request, `{"service": "shop", "duration": "30m", "reason": "release 7"}`)
		if err == nil && (len(key) > longestKey || !utf8.ValidString(key)) {
			err = Refused{fmt.Errorf("the Idempotency-Key is too long (want at most %d bytes)", longestKey)}
		}
		if err != nil {
			b.apiError(w, r, codeOf(err), err)
			return
		}
		o, added, err := b.Desk.OpenWindow(r.Context(), request, who, key)
		code := http.StatusOK
		if added {
			code = http.StatusCreated
		}
		b.apiWindow(w, r, code, o, err)
	})
}

// apiExtendWindow takes {"duration": "30m"}: how long from now.
func (b *board) apiExtendWindow(w http.ResponseWriter, r *http.Request) {
	b.withCaller(w, r, func(who maintenance.Who) {
		var in struct {
			Duration string `json:"duration"`
			By       string `json:"by"`
		}
		id, err := windowNumber(r)
		if err == nil {
			err = readJSON(w, r, &in, `{"duration": "30m"}`)
		}
		var o maintenance.Once
		if err == nil {
			var length catalog.Duration
			if length, err = catalog.ParseDuration(in.Duration); err != nil {
				err = Refused{fmt.Errorf("duration: %w", err)}
			} else if who.Name, err = who.Or(in.By); err != nil {
				err = Refused{err}
			} else {
				o, err = b.Desk.ExtendWindow(r.Context(), id, length.Std(), who)
			}
		}
		b.apiWindow(w, r, http.StatusOK, o, err)
	})
}

// apiEndWindow takes nothing, or {"by": "asha"}. A window that is over stays as
// it is.
func (b *board) apiEndWindow(w http.ResponseWriter, r *http.Request) {
	b.withCaller(w, r, func(who maintenance.Who) {
		var in struct {
			By string `json:"by"`
		}
		id, err := windowNumber(r)
		if err == nil && r.ContentLength != 0 {
			err = readJSON(w, r, &in, `{"by": "asha"}, or none`)
		}
		if err == nil {
			if who.Name, err = who.Or(in.By); err != nil {
				err = Refused{err}
			}
		}
		var o maintenance.Once
		if err == nil {
			o, err = b.Desk.EndWindow(r.Context(), id, who)
		}
		b.apiWindow(w, r, http.StatusOK, o, err)
	})
}

func (b *board) apiWindow(w http.ResponseWriter, r *http.Request, code int, o maintenance.Once, err error) {
	if err != nil {
		b.apiError(w, r, codeOf(err), err)
		return
	}
	b.json(w, code, toAPIWindow(o.Window(), o.Acts, b.Now()))
}

// withCaller wants a bearer token of the catalogue.
func (b *board) withCaller(w http.ResponseWriter, r *http.Request, do func(maintenance.Who)) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		token = ""
	}
	caller, err := b.Desk.Caller(strings.TrimSpace(token))
	if err != nil {
		if errors.Is(err, ErrToken) {
			w.Header().Set("WWW-Authenticate", "Bearer")
		}
		code := codeOf(err)
		if code >= http.StatusInternalServerError {
			b.log(r, code, err) // the place of a file is nobody else's business
			b.json(w, code, map[string]string{"error": "the receiver cannot read its own tokens: its log says why"})
			return
		}
		b.apiError(w, r, code, err)
		return
	}
	deed := sceneOf(r).deed
	deed.By, deed.Login = login.ByToken, caller
	do(maintenance.Who{Name: caller, Via: "the API with the token " + caller})
}

// readJSON reads a body of one object without unknown fields.
func readJSON(w http.ResponseWriter, r *http.Request, into any, example string) error {
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16))
	body.DisallowUnknownFields()
	err := body.Decode(into)
	if err == nil && body.More() {
		err = errors.New("there is more after the object")
	}
	switch {
	case errors.Is(err, io.EOF):
		return Refused{fmt.Errorf("the body is empty: want one such as %s", example)}
	case err != nil:
		return Refused{fmt.Errorf("%s: want a body such as %s", strings.TrimPrefix(err.Error(), "json: "), example)}
	}
	return nil
}
