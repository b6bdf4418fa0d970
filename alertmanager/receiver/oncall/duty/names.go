package duty

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// names find people in what somebody has written of them.
type names struct {
	list []name // the longest first
	rota map[string]bool
	own  map[string][]string // the words of each person's names
}

// name is one way of writing a person.
type name struct {
	person string
	words  []string
}

// names are those of everybody in the catalogue: "Ben Davies: leave" is not of
// the Ben of the rota when both are known.
func (r *reader) names() names {
	n := names{rota: map[string]bool{}, own: map[string][]string{}}
	for _, person := range slices.Concat(r.spec.Everybody(), r.spec.Backup) {
		n.rota[person] = true
	}
	for id, p := range r.catalog.People {
		full := textsOf(p.Name)
		n.own[id] = append(textsOf(id), full...)
		n.add(id, textsOf(id), full)
		if len(full) > 1 { // Rao, Asha
			n.add(id, append([]string{full[len(full)-1]}, full[:len(full)-1]...))
		}
	}
	slices.SortFunc(n.list, func(a, b name) int {
		if len(a.words) != len(b.words) {
			return len(b.words) - len(a.words)
		}
		return strings.Compare(a.person, b.person)
	})
	return n
}

func (n *names) add(person string, ways ...[]string) {
	for _, words := range ways {
		if len(words) > 0 {
			n.list = append(n.list, name{person, words})
		}
	}
}

// mention is of whom a text speaks.
type mention struct {
	people   []string // of the rota
	known    bool     // somebody in the catalogue is
	doubtful bool     // nobody is for certain: somebody else may have the same first name
}

// in finds the people of the rota of whom a text speaks, by name or id as whole
// words. Words that are a longer name are no shorter one, and a name of one word
// counts only where it stands alone: in "Anna Jones: leave" it is not the Anna of
// the catalogue who is away, whether there is a Jones in it or not. Taken for
// away, somebody would not be paged.
func (n names) in(text string) mention {
	words := wordsOf(text)
	used := make([]bool, len(words))
	var m mention
	doubtful := false
	for begin := 0; begin < len(n.list); {
		end, taken := begin, slices.Clone(used)
		for ; end < len(n.list) && len(n.list[end].words) == len(n.list[begin].words); end++ {
			one := n.list[end]
			for at := range one.within(words, used) {
				for i := range one.words {
					taken[at+i] = true
				}
				if len(one.words) == 1 && !n.alone(one.person, words, used, at) {
					doubtful = doubtful || n.rota[one.person]
					continue
				}
				m.known = true
				if n.rota[one.person] && !slices.Contains(m.people, one.person) {
					m.people = append(m.people, one.person)
				}
			}
		}
		begin, used = end, taken
	}
	m.doubtful = doubtful && !m.known
	return m
}

// alone says whether a name of one word has no other name beside it, with only
// blanks between them: one that is not the person's own.
func (n names) alone(person string, words []word, used []bool, at int) bool {
	one := words[at]
	before := at > 0 && one.joined && !used[at-1] && n.isForeign(person, words[at-1], one)
	after := at+1 < len(words) && words[at+1].joined && !one.owns && !used[at+1] && n.isForeign(person, words[at+1], one)
	return !before && !after
}

// isForeign says whether a word beside a name may be a name too: it is written
// with a capital, or nothing is, is none of the words of leave, and no part or
// initial of the person's own names.
func (n names) isForeign(person string, beside, name word) bool {
	first := []rune(beside.text)[0]
	if !unicode.IsLetter(first) || name.capital && !beside.capital || isLeave(beside.text) {
		return false
	}
	return !slices.ContainsFunc(n.own[person], func(own string) bool {
		return own == beside.text || len([]rune(beside.text)) == 1 && strings.HasPrefix(own, beside.text)
	})
}

// within gives where the name begins in words of which some are used.
func (n name) within(words []word, used []bool) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for at := 0; at+len(n.words) <= len(words); at++ {
			end := at + len(n.words)
			if slices.EqualFunc(words[at:end], n.words, func(w word, text string) bool { return w.text == text }) && !slices.Contains(used[at:end], true) && !yield(at) {
				return
			}
		}
	}
}

// word is one of a text.
type word struct {
	text    string // without accents, case, and the s of what is somebody's
	capital bool   // its first letter is one
	owns    bool   // it had that s
	joined  bool   // nothing but blanks stands between it and the word before
}

// wordsOf are the words of a text: people write "José's leave" and "JOSE
// (leave)".
func wordsOf(text string) []word {
	plain, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn))), strings.ReplaceAll(text, "’", "'"))
	if err != nil {
		plain = text
	}
	var words []word
	joined := false
	for plain != "" {
		end := strings.IndexFunc(plain, func(c rune) bool { return !isOfWord(c) })
		switch {
		case end == 0:
			c, size := utf8.DecodeRuneInString(plain)
			joined = joined && unicode.IsSpace(c)
			plain = plain[size:]
			continue
		case end < 0:
			end = len(plain)
		}
		bare := strings.Trim(plain[:end], "'-_")
		name := strings.Trim(strings.TrimSuffix(strings.TrimSuffix(bare, "'s"), "'S"), "'-_")
		if joined = joined && bare != "" && strings.HasPrefix(plain, bare); name != "" {
			words = append(words, word{strings.ToLower(name), unicode.IsUpper([]rune(name)[0]), name != bare, joined})
		}
		joined = name != "" && bare == plain[:end]
		plain = plain[end:]
	}
	return words
}

func isOfWord(c rune) bool {
	return unicode.IsLetter(c) || unicode.IsDigit(c) || c == '-' || c == '_' || c == '\''
}

// textsOf are the bare words of a name.
func textsOf(name string) []string {
	var texts []string
	for _, w := range wordsOf(name) {
		texts = append(texts, w.text)
	}
	return texts
}
