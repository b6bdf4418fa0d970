package probe

import (
	"net/url"
	"regexp"
	"strings"
)

// variables are the values that the probe gives or takes out of answers, by name.
type variables map[string]string

// reference is a variable in a text: {{name}}.
var reference = regexp.MustCompile(`\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}`)

// expand fills the variables in as they are.
func (v variables) expand(text string) string {
	return v.fill(text, unchanged)
}

// expandURL fills the variables in as they are before the question mark, where
// a whole path may have been extracted, and escaped after it.
func (v variables) expandURL(text string) string {
	path, query, found := strings.Cut(text, "?")
	if !found {
		return v.expand(path)
	}
	return v.expand(path) + "?" + v.fill(query, url.QueryEscape)
}

// expandRegexp fills the variables into an expression, in which they mean
// nothing but themselves; nil stays nil.
func (v variables) expandRegexp(written *regexp.Regexp) (*regexp.Regexp, error) {
	if written == nil || !reference.MatchString(written.String()) {
		return written, nil
	}
	filled, err := regexp.Compile(v.fill(written.String(), regexp.QuoteMeta))
	if err != nil {
		return nil, misfitf(ReasonBody, "the expression %s cannot be used with the values of its variables", quote(written.String()))
	}
	return filled, nil
}

func (v variables) fill(text string, escape func(string) string) string {
	if !strings.Contains(text, "{{") {
		return text
	}
	return reference.ReplaceAllStringFunc(text, func(match string) string {
		return escape(v[strings.TrimSpace(strings.Trim(match, "{}"))])
	})
}
