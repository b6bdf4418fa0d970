package board

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/notify"
)

// Profiler keeps how people want to be reached. What it tells holds no address:
// one that was entered is never shown again. An error that is the caller's is
// a [Refused], ErrNobody says that there is no such person.
type Profiler interface {
	Profile(ctx context.Context, person string) (Profile, error)
	Profiles(ctx context.Context) ([]Profile, error) // everybody's, by name
	// ChangeProfile says what it changed, in words without an address.
	ChangeProfile(ctx context.Context, person string, change ProfileChange) (changed []string, err error)
	DropProfile(ctx context.Context, person string) error
}

// Profile is how somebody is reached.
type Profile struct {
	Person, Name string
	Lines        []ProfileLine
	Ways         []string  // by which they are reached now, the best first
	Order        []string  // their own; nil where they have none
	Usual        []string  // all ways, in the order that counts
	At           time.Time // when they changed it last; zero for never
	Problem      string    // what could not be read
	Gone         bool      // they are not in the catalogue any more
}

// ProfileLine is one way of addressing somebody.
type ProfileLine struct {
	Key, Want string
	Masked    string // what its owner knows it again by; "" for nothing
	From      string // FromProfile, FromFile or ""
}

// Where an address comes from.
const (
	FromProfile = "profile"
	FromFile    = "file"
)

// ProfileChange is what somebody entered.
type ProfileChange struct {
	Put    map[string]string // by the key; "" leaves it as it is
	Remove map[string]bool
	Order  []string // nil for that of the catalogue
}

func (b *board) mountProfile(mux *http.ServeMux) {
	mux.HandleFunc("GET /profile", b.profile)
	mux.HandleFunc("POST /profile", b.changeProfile)
	mux.HandleFunc("POST /profile/test", b.testMyself)
	mux.HandleFunc("POST /profile/calendar", b.renewMine)
	mux.HandleFunc("GET /people", b.everybody)
	mux.HandleFunc("POST /people/{person}/test", b.testSomebody)
	mux.HandleFunc("POST /people/{person}/drop", b.dropProfile)
}

// asMyself calls do with the person who is logged in. Without a login nobody has
// a profile: whoever says that they are somebody could have that person's pages
// sent to themselves.
func (b *board) asMyself(w http.ResponseWriter, r *http.Request, do func(person string)) {
	switch v := sceneOf(r).visitor; {
	case v.Person != "":
		do(v.Person)
	case v.LoggedIn():
		b.problem(w, r, http.StatusForbidden, errors.New("you are logged in as "+v.Login+", which the catalogue gives to nobody: somebody has to add it to your logins under people"))
	default:
		b.problem(w, r, http.StatusForbidden, errors.New("you have a profile only when you are logged in: otherwise anybody could have your messages sent elsewhere (docs/board.md says how to switch logging in on)"))
	}
}

func (b *board) profile(w http.ResponseWriter, r *http.Request) {
	b.asMyself(w, r, func(me string) {
		b.showProfile(w, r, http.StatusOK, me, profileView{Saved: r.URL.Query().Has("saved")})
	})
}

func (b *board) showProfile(w http.ResponseWriter, r *http.Request, code int, me string, v profileView) {
	p, err := b.Desk.Profile(r.Context(), me)
	if err == nil {
		v.Calendar, err = b.Desk.FeedToken(r.Context(), FeedPerson, me)
	}
	if err != nil {
		b.problem(w, r, codeOf(err), err)
		return
	}
	v.frame = b.frame(r, "Your profile")
	v.add(p)
	b.render(w, r, code, "profile", v)
}

// changeProfile answers the form. What was entered is not shown again, not even
// when it was wrong: the error says what it has to be like.
func (b *board) changeProfile(w http.ResponseWriter, r *http.Request) {
	b.asMyself(w, r, func(me string) {
		change := ProfileChange{Put: map[string]string{}, Remove: map[string]bool{}}
		for _, key := range notify.ContactKeys() {
			change.Put[key.Name] = r.PostForm.Get(key.Name)
		}
		for _, key := range r.PostForm["remove"] {
			change.Remove[key] = true
		}
		for _, way := range r.PostForm["order"] {
			if way != "" {
				change.Order = append(change.Order, way)
			}
		}
		changed, err := b.Desk.ChangeProfile(r.Context(), me, change)
		sceneOf(r).deed.Details = strings.Join(changed, ", ")
		if err != nil {
			b.askAgain(w, r, err, func(code int) { b.showProfile(w, r, code, me, profileView{Refused: err.Error(), chosen: change.Order}) })
			return
		}
		http.Redirect(w, r, "/profile?saved", http.StatusSeeOther)
	})
}

// testMyself sends a test message by every way, and says what came of each.
func (b *board) testMyself(w http.ResponseWriter, r *http.Request) {
	b.asMyself(w, r, func(me string) {
		tried, err := b.Desk.Try(r.Context(), me, nil, b.name(me))
		if err != nil {
			b.problem(w, r, codeOf(err), err)
			return
		}
		b.showProfile(w, r, http.StatusOK, me, profileView{Tried: b.triedWords(tried)})
	})
}

// renewMine gives the calendar of one's own turns another address, or none.
func (b *board) renewMine(w http.ResponseWriter, r *http.Request) {
	b.asMyself(w, r, func(me string) {
		if err := b.renew(r, FeedPerson, me, me); err != nil {
			b.problem(w, r, codeOf(err), err)
			return
		}
		http.Redirect(w, r, "/profile#calendar", http.StatusSeeOther)
	})
}

// everybody shows an admin who is reached by what, but not where.
func (b *board) everybody(w http.ResponseWriter, r *http.Request) {
	b.showPeople(w, r, peopleView{})
}

func (b *board) showPeople(w http.ResponseWriter, r *http.Request, v peopleView) {
	all, err := b.Desk.Profiles(r.Context())
	if err != nil {
		b.problem(w, r, codeOf(err), err)
		return
	}
	v.frame = b.frame(r, "People")
	for _, p := range all {
		v.People = append(v.People, b.personRow(p))
	}
	b.render(w, r, http.StatusOK, "people", v)
}

func (b *board) testSomebody(w http.ResponseWriter, r *http.Request) {
	person, v := r.PathValue("person"), sceneOf(r).visitor
	tried, err := b.Desk.Try(r.Context(), person, nil, firstOf(b.name(v.Person), v.Login))
	if err != nil {
		b.problem(w, r, codeOf(err), err)
		return
	}
	sceneOf(r).deed.Details = person
	b.showPeople(w, r, peopleView{Tested: b.name(person), Tried: b.triedWords(tried)})
}

// dropProfile forgets what somebody entered, such as who has left.
func (b *board) dropProfile(w http.ResponseWriter, r *http.Request) {
	person := r.PathValue("person")
	sceneOf(r).deed.Details = person
	if err := b.Desk.DropProfile(r.Context(), person); err != nil {
		b.problem(w, r, codeOf(err), err)
		return
	}
	http.Redirect(w, r, "/people", http.StatusSeeOther)
}

// private says whether the fields of a request's form are nobody's business, the
// audit's neither.
func private(r *http.Request) bool {
	return slices.ContainsFunc([]string{"/profile", "/people"}, func(path string) bool {
		return r.URL.Path == path || strings.HasPrefix(r.URL.Path, path+"/")
	})
}
