package board

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/history"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

type paceView struct {
	frame
	filter
	Choices    filterChoices
	Problem    string
	FromDay    moment // since when
	All        *paceLine
	Tables     []paceTable
	Incomplete int // how many are counted, when that is not all
}

type paceTable struct {
	ID, Title, First string // heading of the first column
	Rows             []paceLine
	Field            string // of the filter that a row's name is for; "" for none
}

// paceLine is one row: times are words, "–" where there is none.
type paceLine struct {
	Name                            string
	Count, Acknowledged             int
	AckMedian, AckP90, Median, Most string
	Address                         string // of the list that it is about
	Share                           int    // of the largest count, in percent
}

// pace says how many there were and how fast people were.
func (b *board) pace(w http.ResponseWriter, r *http.Request) {
	f, q, err := b.readFilter(r)
	q.Drills, q.Most = false, mostCounted
	if q.From.IsZero() {
		q.From = b.Now().Add(-countedFor)
	}
	var entries []history.Entry
	if err == nil {
		entries, err = b.Desk.History(r.Context(), q)
	}
	v := paceView{frame: b.frame(r, "Figures"), filter: f, Choices: b.filterChoices(), FromDay: b.moment(q.From, b.zone())}
	code := http.StatusOK
	if err != nil {
		if code = codeOf(err); code >= http.StatusInternalServerError {
			b.problem(w, r, code, err)
			return
		}
		v.Problem = err.Error()
	}
	if len(entries) == mostCounted {
		v.Incomplete = mostCounted
	}
	b.count(&v, entries)
	b.render(w, r, code, "pace", v)
}

func (b *board) count(v *paceView, entries []history.Entry) {
	if all := lines(history.Summarise(entries, func(history.Entry) string { return "" }), v.filter, ""); len(all) > 0 {
		v.All = &all[0]
	}
	week := history.Summarise(entries, history.Week(b.zone()))
	slices.SortFunc(week, func(x, y history.Figures) int { return strings.Compare(y.Name, x.Name) }) // the newest first
	v.Tables = []paceTable{
		{"by-service", "By service", "Service", lines(history.Summarise(entries, func(e history.Entry) string { return e.Service }), v.filter, "service"), "service"},
		{"by-team", "By team", "Team", lines(history.Summarise(entries, func(e history.Entry) string { return e.Team }), v.filter, "team"), "team"},
		{"by-week", "By week", "Week from", lines(week, v.filter, "week"), "week"},
	}
}

// lines are the rows of a table.
func lines(list []history.Figures, f filter, field string) []paceLine {
	most := 1
	for _, one := range list {
		most = max(most, one.Count)
	}
	var rows []paceLine
	for _, one := range list {
		row := paceLine{
			Name: one.Name, Count: one.Count, Acknowledged: one.Acknowledged, Median: lasted(one.Resolve.Median), Most: lasted(one.Resolve.P90),
			AckMedian: "–", AckP90: "–", Address: narrowed(f, field, one.Name).At("/history"), Share: 100 * one.Count / most,
		}
		if one.Acknowledged > 0 {
			row.AckMedian, row.AckP90 = lasted(one.Acknowledge.Median), lasted(one.Acknowledge.P90)
		}
		rows = append(rows, row)
	}
	return rows
}

// narrowed is the filter of a row.
func narrowed(f filter, field, name string) filter {
	f.Drills = false
	switch field {
	case "service":
		f.Service = name
	case "team":
		f.Team = name
	case "week":
		if monday, err := time.Parse(time.DateOnly, name); err == nil {
			f.From, f.Until = name, monday.AddDate(0, 0, 6).Format(time.DateOnly)
		}
	}
	return f
}

// lasted is a time in words, as short as it may be.
func lasted(d time.Duration) string { return notify.Length(d.Round(time.Second)) }
