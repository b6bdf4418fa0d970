package board

import (
	"fmt"
	"net/http"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/oncall"
	"github.com/tocsin-monitoring/tocsin/catalog/maintenance"
)

// OnCall is who is on call for a rota, in the API. In a gap the person is "".
type OnCall struct {
	Rota   string    `json:"rota"`
	Teams  []string  `json:"teams,omitempty"`
	Person string    `json:"person"`
	Name   string    `json:"name"`
	Backup string    `json:"backup,omitempty"`
	From   time.Time `json:"from"`
	Until  time.Time `json:"until"`
	Entry  int64     `json:"entry,omitempty"` // the number of the entry that decided it
	Next   *OnCall   `json:"next,omitempty"`
}

// ToOnCall is a shift with the one after it, for the API and the command.
func ToOnCall(rota string, teams []string, s oncall.Shift, next *oncall.Shift, name func(string) string) OnCall {
	o := OnCall{Rota: rota, Teams: teams, Person: s.Primary, Name: name(s.Primary), Backup: s.Backup, From: s.From.UTC(), Until: s.Until.UTC(), Entry: s.Entry}
	if next != nil {
		after := ToOnCall(rota, nil, *next, nil, name)
		o.Next = &after
	}
	return o
}

// apiOnCall says who is on call now, or at ?at=TIME, for every rota or for
// ?rota=NAME.
func (b *board) apiOnCall(w http.ResponseWriter, r *http.Request) {
	at, want := b.Now(), r.URL.Query().Get("rota")
	if text := r.URL.Query().Get("at"); text != "" {
		var err error
		if at, err = time.Parse(time.RFC3339, text); err != nil || at.Year() < firstYear || at.Year() > lastYear {
			b.apiError(w, r, http.StatusBadRequest, fmt.Errorf("at is %q, want a time such as 2026-12-05T22:00:00Z", text))
			return
		}
	}
	rotas, err := b.Desk.Rotas(r.Context())
	if err != nil {
		b.apiError(w, r, codeOf(err), err)
		return
	}
	list := []OnCall{}
	for _, one := range rotas {
		if want == "" || one.Name == want {
			next := one.Rota.Next(at)
			list = append(list, ToOnCall(one.Name, one.Teams, one.Rota.At(at), &next, b.name))
		}
	}
	if want != "" && len(list) == 0 {
		b.apiError(w, r, http.StatusNotFound, fmt.Errorf("there is no rota %q", want))
		return
	}
	b.json(w, http.StatusOK, map[string]any{"at": at.UTC(), "rotas": list})
}

func (b *board) apiEntries(w http.ResponseWriter, r *http.Request) {
	entries, err := b.Desk.Entries(r.Context())
	if err != nil {
		b.apiError(w, r, codeOf(err), err)
		return
	}
	if entries == nil {
		entries = []oncall.Entry{}
	}
	b.json(w, http.StatusOK, map[string]any{"entries": entries})
}

// apiEnter takes an oncall.Request and answers 201 with the entry.
func (b *board) apiEnter(w http.ResponseWriter, r *http.Request) {
	b.withCaller(w, r, func(who maintenance.Who) {
		var request oncall.Request
		err := readJSON(w, r, &request, `{"kind": "override", "rota": "shop", "instead": "ben", "duration": "8h"}`)
		var e oncall.Entry
		if err == nil {
			e, err = b.Desk.Enter(r.Context(), request, who)
		}
		if err != nil {
			b.apiError(w, r, codeOf(err), err)
			return
		}
		b.json(w, http.StatusCreated, e)
	})
}

// apiEndEntry takes nothing, or {"by": "asha"}.
func (b *board) apiEndEntry(w http.ResponseWriter, r *http.Request) {
	b.withCaller(w, r, func(who maintenance.Who) {
		var in struct {
			By string `json:"by"`
		}
		id, err := entryNumber(r)
		if err == nil && r.ContentLength != 0 {
			err = readJSON(w, r, &in, `{"by": "asha"}, or none`)
		}
		if err == nil {
			if who.Name, err = who.Or(in.By); err != nil {
				err = Refused{err}
			}
		}
		var e oncall.Entry
		if err == nil {
			e, err = b.Desk.EndEntry(r.Context(), id, who)
		}
		if err != nil {
			b.apiError(w, r, codeOf(err), err)
			return
		}
		b.json(w, http.StatusOK, e)
	})
}
