package probe

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// payload is the body of a request, in one of three forms, or none.
type payload struct {
	raw     *catalog.Text
	form    map[string]catalog.Text
	json    any
	secrets *secrets
	expand  func(string) string // fills in variables
}

// secret says whether something in the body comes from a file, by way of the
// given variables as well.
func (p payload) secret(given map[string]catalog.Text) bool {
	fromFile := func(t catalog.Text) bool { return t.File != nil || refersToSecret(t.Literal, given) }
	if p.raw != nil && fromFile(*p.raw) {
		return true
	}
	for _, text := range p.form {
		if fromFile(text) {
			return true
		}
	}
	found := false
	walkStrings(p.json, func(text string) string {
		found = found || refersToSecret(text, given)
		return text
	})
	return found
}

// refersToSecret says whether a text holds a variable whose value is in a file.
func refersToSecret(text string, given map[string]catalog.Text) bool {
	for _, match := range reference.FindAllStringSubmatch(text, -1) {
		if given[match[1]].File != nil {
			return true
		}
	}
	return false
}

// make is the body now, and the media type that it has by its form.
func (p payload) make() (body io.Reader, contentType string, err error) {
	switch {
	case p.raw != nil:
		text, err := p.text(*p.raw)
		return strings.NewReader(text), "", err
	case len(p.form) > 0:
		form, err := p.encode()
		return strings.NewReader(form), "application/x-www-form-urlencoded", err
	case p.json != nil:
		text, err := json.Marshal(walkStrings(p.json, p.expand))
		if err != nil {
			return nil, "", ourFault{err}
		}
		return bytes.NewReader(text), "application/json", nil
	}
	return http.NoBody, "", nil
}

// text is a text now; what comes from a file is taken as it is.
func (p payload) text(t catalog.Text) (string, error) {
	value, err := p.secrets.read(t)
	if err != nil {
		return "", ourFault{err}
	}
	if t.File == nil {
		value = p.expand(value)
	}
	return value, nil
}

func (p payload) encode() (string, error) {
	form := make(url.Values, len(p.form))
	for name, text := range p.form {
		value, err := p.text(text)
		if err != nil {
			return "", err
		}
		form.Set(name, value)
	}
	return form.Encode(), nil
}

// walkStrings copies a JSON value with every string replaced.
func walkStrings(value any, replace func(string) string) any {
	switch value := value.(type) {
	case string:
		return replace(value)
	case []any:
		list := make([]any, len(value))
		for i, item := range value {
			list[i] = walkStrings(item, replace)
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(value))
		for key, item := range value {
			object[key] = walkStrings(item, replace)
		}
		return object
	}
	return value
}
