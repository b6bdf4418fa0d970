package board

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/history"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/incident"
)

// Historian knows what is over.
type Historian interface {
	History(ctx context.Context, q history.Query) ([]history.Entry, error)
}

const (
	historyPage  = 50     // incidents
	mostExported = 50_000 // incidents in one file
	mostCounted  = 50_000 // that figures are about
	// countedFor is what figures are about where nobody says from when: a
	// quarter.
	countedFor = 13 * 7 * 24 * time.Hour
)

func (b *board) mountHistory(mux *http.ServeMux) {
	mux.HandleFunc("GET /history", b.history)
	mux.HandleFunc("GET /history/figures", b.pace)
	mux.HandleFunc("GET /history/incidents.csv", b.exportHistory)
}

// filter is what somebody asks of the history, as they wrote it.
type filter struct {
	Service, Team, Audience, Severity string
	From, Until, Text                 string
	Drills                            bool
}

// At is the address that asks the same of a page.
func (f filter) At(path string) string {
	q := url.Values{}
	for name, value := range map[string]string{
		"service": f.Service, "team": f.Team, "audience": f.Audience, "severity": f.Severity, "from": f.From, "until": f.Until, "text": f.Text,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if f.Drills {
		q.Set("drills", "1")
	}
	return path + "?" + q.Encode()
}

// readFilter reads the fields. Days are those of the board's clock, and both
// are included.
func (b *board) readFilter(r *http.Request) (filter, history.Query, error) {
	get := func(name string) string { return strings.TrimSpace(r.FormValue(name)) }
	f := filter{
		Service: get("service"), Team: get("team"), Audience: get("audience"), Severity: get("severity"),
		From: get("from"), Until: get("until"), Text: get("text"), Drills: get("drills") != "",
	}
	q := history.Query{
		Service: f.Service, Team: f.Team, Audience: incident.Audience(f.Audience), Severity: incident.Severity(f.Severity), Text: f.Text, Drills: f.Drills,
	}
	var err error
	if q.From, err = b.dayBegins("from", f.From, 0); err == nil {
		q.Until, err = b.dayBegins("until", f.Until, 1)
	}
	if err == nil && !q.From.IsZero() && !q.Until.IsZero() && !q.From.Before(q.Until) {
		err = Refused{fmt.Errorf("until (%s) comes before from (%s)", f.Until, f.From)}
	}
	return f, q, err
}

// The years in which something can have been: an instant of any other is no
// number of nanoseconds.
const firstYear, lastYear = 1700, 2200

// dayBegins is the first instant of a day, or of one some days later.
func (b *board) dayBegins(name, text string, later int) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, Refused{fmt.Errorf("%s is %q, want a day such as 2026-11-23", name, text)}
	}
	year := min(max(day.Year(), firstYear), lastYear)
	return time.Date(year, day.Month(), day.Day()+later, 0, 0, 0, 0, b.zone()), nil
}

// after reads where a page of the list begins: after NANOSECONDS-NUMBER.
func after(text string) (*history.Entry, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // the first page begins after nothing
	}
	at, id, _ := strings.Cut(text, "-")
	nanos, errAt := strconv.ParseInt(at, 10, 64)
	number, errID := strconv.ParseInt(id, 10, 64)
	if errAt != nil || errID != nil {
		return nil, Refused{errors.New("after is not a place in the list")}
	}
	return &history.Entry{ID: incident.ID(number), Closed: time.Unix(0, nanos)}, nil
}

type historyView struct {
	frame
	filter
	Choices   filterChoices
	Incidents []entryLine
	Problem   string
	Older     string // address of the next page; "" for none
}

// filterChoices are what the lists of the form offer.
type filterChoices struct{ Services, Teams, Audiences, Severities []string }

type entryLine struct {
	history.Entry
	At     moment // when it closed
	Took   string
	Waited string // until somebody acknowledged; "" for never
	Who    string
}

func (b *board) history(w http.ResponseWriter, r *http.Request) {
	f, q, err := b.readFilter(r)
	if err == nil {
		q.After, err = after(r.FormValue("after"))
	}
	q.Most = historyPage
	var entries []history.Entry
	if err == nil {
		entries, err = b.Desk.History(r.Context(), q)
	}
	v := historyView{frame: b.frame(r, "History"), filter: f, Choices: b.filterChoices()}
	code := http.StatusOK
	if err != nil {
		if code = codeOf(err); code >= http.StatusInternalServerError {
			b.problem(w, r, code, err)
			return
		}
		v.Problem = err.Error()
	}
	for _, e := range entries {
		v.Incidents = append(v.Incidents, b.entryLine(e))
	}
	if len(entries) == historyPage {
		last := entries[historyPage-1]
		v.Older = fmt.Sprintf("%s&after=%d-%d", f.At("/history"), last.Closed.UnixNano(), last.ID)
	}
	b.render(w, r, code, "history", v)
}

func (b *board) entryLine(e history.Entry) entryLine {
	l := entryLine{Entry: e, At: b.moment(e.Closed, b.Desk.Zone(e.Team)), Took: lasted(e.ToResolve()), Who: b.name(e.Owner)}
	if waited, was := e.ToAcknowledge(); was {
		l.Waited = lasted(waited)
	}
	return l
}

func (b *board) filterChoices() filterChoices {
	c := filterChoices{Audiences: []string{"users", "developers", "platform"}, Severities: []string{"critical", "warning", "info"}}
	catalogue := b.Desk.Catalog()
	for name := range catalogue.Services {
		c.Services = append(c.Services, name)
	}
	for name := range catalogue.Teams {
		c.Teams = append(c.Teams, name)
	}
	slices.Sort(c.Services)
	slices.Sort(c.Teams)
	return c
}

// exportHistory is the list as a file for spreadsheets. A text that a
// spreadsheet would compute is marked as one.
func (b *board) exportHistory(w http.ResponseWriter, r *http.Request) {
	_, q, err := b.readFilter(r)
	q.Most = mostExported
	var entries []history.Entry
	if err == nil {
		entries, err = b.Desk.History(r.Context(), q)
	}
	if err != nil {
		b.problem(w, r, codeOf(err), err)
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="incidents.csv"`)
	out := csv.NewWriter(w)
	_ = out.Write([]string{
		"id", "service", "team", "audience", "severity", "title", "owner", "opened", "acknowledged", "closed", "seconds_to_acknowledge", "seconds_to_resolve", "drill",
	})
	for _, e := range entries {
		acknowledged, waited := "", ""
		if took, was := e.ToAcknowledge(); was {
			acknowledged, waited = e.Acknowledged.UTC().Format(time.RFC3339), seconds(took)
		}
		_ = out.Write([]string{
			strconv.FormatInt(int64(e.ID), 10), inert(e.Service), inert(e.Team), string(e.Audience), string(e.Severity), inert(e.Title), inert(e.Owner),
			e.Opened.UTC().Format(time.RFC3339), acknowledged, e.Closed.UTC().Format(time.RFC3339), waited, seconds(e.ToResolve()), strconv.FormatBool(e.Drill),
		})
	}
	out.Flush() // the reader is gone when this fails
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 0, 64) }

// inert keeps a text from being a formula.
func inert(text string) string {
	if text != "" && strings.ContainsAny(text[:1], "=+-@\t\r") {
		return "'" + text
	}
	return text
}
