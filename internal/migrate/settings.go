package migrate

import (
	"encoding/json"
	"reflect"
	"time"

	"github.com/tocsin-monitoring/tocsin/catalog"
	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// Settings are keys of the catalogue with their values, in the order in which
// they are to be written: texts, numbers, true and false, durations, lists,
// further Settings, and secrets.
type Settings struct {
	keys   []string
	values map[string]any
}

// settings takes keys and values in turn; empty values are left out.
func settings(pairs ...any) *Settings {
	s := &Settings{values: make(map[string]any)}
	for i := 0; i+1 < len(pairs); i += 2 {
		s.set(pairs[i].(string), pairs[i+1])
	}
	return s
}

// set gives a key a value, unless the value is empty.
func (s *Settings) set(key string, value any) {
	switch value := value.(type) {
	case nil:
		return
	case string:
		if value == "" {
			return
		}
	case int:
		if value == 0 {
			return
		}
	case time.Duration:
		if value <= 0 {
			return
		}
	case []string:
		if len(value) == 0 {
			return
		}
	case *Settings:
		if value.empty() {
			return
		}
	case *Secret:
		if value == nil {
			return
		}
	}
	if _, has := s.values[key]; !has {
		s.keys = append(s.keys, key)
	}
	s.values[key] = value
}

// also adds a further condition to an expression of CEL.
func (s *Settings) also(key, condition string) {
	if earlier := s.text(key); earlier != "" {
		condition = "(" + earlier + ") && (" + condition + ")"
	}
	s.set(key, condition)
}

func (s *Settings) remove(key string) {
	for i, name := range s.keys {
		if name == key {
			s.keys = append(s.keys[:i:i], s.keys[i+1:]...)
		}
	}
	delete(s.values, key)
}

// rename gives a key another name in the same place.
func (s *Settings) rename(from, to string) {
	for i, name := range s.keys {
		if name == from {
			s.keys[i] = to
			s.values[to] = s.values[from]
			delete(s.values, from)
		}
	}
}

func (s *Settings) empty() bool { return s == nil || len(s.keys) == 0 }

// text is a value that is a text.
func (s *Settings) text(key string) string {
	if s == nil {
		return ""
	}
	text, _ := s.values[key].(string)
	return text
}

// inner is the Settings at a key, made when they are not there.
func (s *Settings) inner(key string) *Settings {
	inner, is := s.values[key].(*Settings)
	if !is {
		inner = settings()
		s.keys = append(s.keys, key)
		s.values[key] = inner
	}
	return inner
}

// within says that everything but the address stands in the other settings,
// too.
func (s *Settings) within(other *Settings) bool {
	theirs := other.plain()
	for key, value := range s.plain() {
		if key != "url" && !reflect.DeepEqual(value, theirs[key]) {
			return false
		}
	}
	return true
}

// fingerprint is the same for the same settings.
func (s *Settings) fingerprint() string {
	text, _ := json.Marshal(s.plain())
	return string(text)
}

func (s *Settings) plain() map[string]any {
	plain := make(map[string]any)
	for key, value := range s.values {
		switch value := value.(type) {
		case *Settings:
			plain[key] = value.plain()
		case *Secret:
			plain[key] = value.name
		default:
			plain[key] = value
		}
	}
	return plain
}

// Secret is a value that must not stand in the catalogue. It prints as nothing.
type Secret struct {
	name  string // of its file
	value string // empty when the input does not hold it
	what  string // in words, for the report
	at    tree.Position
}

// String hides the value.
func (s *Secret) String() string { return "{file: " + s.name + "}" }

// MarshalJSON hides the value.
func (s *Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// span writes a duration as the catalogue does.
func span(d time.Duration) string { return catalog.Duration(d.Round(time.Millisecond)).String() }
