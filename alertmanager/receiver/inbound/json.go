package inbound

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// object is JSON as it came, for forms whose fields change their types from
// one kind of alert to the next. Looking for what is not there finds nothing.
type object map[string]any

// read wants one JSON object.
func read(body []byte) (object, error) {
	v, err := decode(body)
	if err != nil {
		return nil, err
	}
	o, is := v.(map[string]any)
	if !is {
		return nil, errors.New("want an object")
	}
	return o, nil
}

// decode reads one JSON value. What follows it would be lost.
func decode(body []byte) (any, error) {
	all, err := documents(body)
	if err == nil && len(all) > 1 {
		err = fmt.Errorf("it is %d JSON values, want one", len(all))
	}
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// documents reads JSON values that follow each other, and keeps numbers as they
// were written. Those before a mistake are given with it.
func documents(body []byte) (all []any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\xEF\xBB\xBF"))))
	decoder.UseNumber()
	for {
		var v any
		err := decoder.Decode(&v)
		switch {
		case errors.Is(err, io.EOF) && len(all) == 0:
			return nil, errors.New("it is empty")
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return all, err
		}
		all = append(all, v)
	}
}

// at is the object under a key, in any case of its letters.
func (o object) at(key string) object {
	inner, _ := o.value(key).(map[string]any)
	return inner
}

// text is the text under a key; numbers and truths are texts, too.
func (o object) text(key string) string { return textOf(o.value(key)) }

// list are the items of the list under a key.
func (o object) list(key string) []any {
	items, _ := o.value(key).([]any)
	return items
}

// objects are those items of the list under a key that are objects.
func (o object) objects(key string) []object {
	var found []object
	for _, item := range o.list(key) {
		if inner, is := item.(map[string]any); is {
			found = append(found, inner)
		}
	}
	return found
}

// texts are the texts of the list under a key, or the one text there.
func (o object) texts(key string) []string {
	var found []string
	for _, item := range flat([]any{o.value(key)}) {
		if text := textOf(item); text != "" {
			found = append(found, text)
		}
	}
	return found
}

// pairs are the texts under the keys of the object, the first of too many.
func (o object) pairs() map[string]string {
	found := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(o)) {
		if text := textOf(o[key]); text != "" && len(found) < maxPairs {
			found[cut(key, maxLine)] = cut(text, maxText)
		}
	}
	return found
}

func (o object) value(key string) any {
	if v, is := o[key]; is {
		return v
	}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if strings.EqualFold(name, key) {
			return o[name]
		}
	}
	return nil
}

// textOf is a text, a number or a truth as a text; "" for everything else.
func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "true"
		}
		return "false"
	}
	return ""
}

// named takes over what a source's own labels say of whose an alert is and how
// bad.
func (e *Event) named() {
	take := func(name string) string {
		value, _ := find(e.Labels, name)
		return strings.TrimSpace(value)
	}
	e.Service, e.Team = take("service"), take("team")
	switch severity := catalog.Severity(strings.ToLower(take("severity"))); severity {
	case catalog.SeverityCritical, catalog.SeverityWarning, catalog.SeverityInfo:
		e.Severity = severity
	}
	switch audience := catalog.Audience(strings.ToLower(take("audience"))); audience {
	case catalog.AudienceUsers, catalog.AudienceDevelopers, catalog.AudiencePlatform:
		e.Audience = audience
	}
}
