package board

import (
	"bytes"
	"html/template"
	"net/http"

	"github.com/go-kit/log/level"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/board/login"
)

// who is in whose name a form acts: whoever is logged in, or somebody who is
// chosen.
type who struct {
	As      string        // name of who is logged in; "" where people choose
	Options template.HTML // to choose from
	May     bool          // they may answer at all
}

// picker is the part of a form that says who acts.
type picker struct {
	who
	Field, ID string
}

// In is the picker of a form; the id is unique on the page.
func (w who) In(field, id string) picker { return picker{w, field, id} }

// who is for a visitor; chosen is the person whom a form proposes.
func (b *board) who(r *http.Request, chosen string) who {
	visitor := sceneOf(r).visitor
	w := who{May: visitor.Role >= login.Respond && visitor.Answers()}
	switch {
	case !w.May:
	case visitor.Person != "":
		w.As = b.name(visitor.Person)
	default:
		w.Options = b.options(r, chosen)
	}
	return w
}

// options is everybody in a list to choose from. A page has the same list many
// times: it is written out once.
func (b *board) options(r *http.Request, chosen string) template.HTML {
	s := sceneOf(r)
	if chosen == "" {
		chosen = remembered(r)
	}
	if text, known := s.options[chosen]; known {
		return text
	}
	text := bytes.Buffer{}
	if err := b.pages["live"].ExecuteTemplate(&text, "names", b.people(r, chosen)); err != nil {
		level.Error(b.Logger).Log("msg", "Listing people", "err", err)
	}
	if s.options == nil {
		s.options = map[string]template.HTML{}
	}
	s.options[chosen] = template.HTML(text.String()) //nolint:gosec // a template has escaped it
	return s.options[chosen]
}

// people lists everybody; chosen is who acted from this browser last, where
// nobody else is.
func (b *board) people(r *http.Request, chosen string) []choice {
	s := sceneOf(r)
	if s.everyone == nil {
		s.everyone = b.Desk.People()
	}
	if chosen == "" {
		chosen = remembered(r)
	}
	list := make([]choice, 0, len(s.everyone))
	for _, p := range s.everyone {
		list = append(list, choice{p, p.ID == chosen})
	}
	return list
}

// onCallFor is who has the turn for a team now; "" for nobody and without a rota.
func (b *board) onCallFor(r *http.Request, team string) string {
	s := sceneOf(r)
	if s.primary == nil {
		s.primary = map[string]string{}
		for _, turn := range b.Desk.Turns(b.Now()) {
			for _, team := range turn.Teams {
				s.primary[team] = turn.PrimaryID
			}
		}
	}
	return s.primary[team]
}
