package duty

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// names find people in what somebody has written of them.
type names struct {
	list []name // the longest first
	rota map[string]bool
}

// name is one way of writing a person.
type name struct {
	person string
	words  []string
}

// names are those of everybody in the catalogue: "Ben Davies: leave" is not of
// the Ben of the rota when both are known.
func (r *reader) names() names {
	n := names{rota: map[string]bool{}}
	for _, person := range slices.Concat(r.spec.Everybody(), r.spec.Backup) {
		n.rota[person] = true
	}
	for id, p := range r.catalog.People {
		full := wordsOf(p.Name)
		n.add(id, wordsOf(id), full)
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

// in finds the people of the rota of whom a text speaks, by name or id as whole
// words. Words that are a longer name are no shorter one. known is false when it
// speaks of nobody in the catalogue.
func (n names) in(text string) (found []string, known bool) {
	words := wordsOf(text)
	used := make([]bool, len(words))
	for begin := 0; begin < len(n.list); {
		end, taken := begin, slices.Clone(used)
		for ; end < len(n.list) && len(n.list[end].words) == len(n.list[begin].words); end++ {
			one := n.list[end]
			for at := range one.within(words, used) {
				known = true
				for i := range one.words {
					taken[at+i] = true
				}
				if n.rota[one.person] && !slices.Contains(found, one.person) {
					found = append(found, one.person)
				}
			}
		}
		begin, used = end, taken
	}
	return found, known
}

// within gives where the name begins in words of which some are used.
func (n name) within(words []string, used []bool) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for at := 0; at+len(n.words) <= len(words); at++ {
			end := at + len(n.words)
			if slices.Equal(words[at:end], n.words) && !slices.Contains(used[at:end], true) && !yield(at) {
				return
			}
		}
	}
}

// wordsOf are the words of a text without accents, case, and the s of what is
// somebody's: people write "José's leave" and "JOSE (leave)".
func wordsOf(text string) []string {
	plain, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn))), strings.ReplaceAll(text, "’", "'"))
	if err != nil {
		plain = text
	}
	words := strings.FieldsFunc(strings.ToLower(plain), func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '-' && c != '_' && c != '\''
	})
	for n, word := range words {
		words[n] = strings.Trim(strings.TrimSuffix(strings.Trim(word, "'-"), "'s"), "'-")
	}
	return slices.DeleteFunc(words, func(word string) bool { return word == "" })
}
