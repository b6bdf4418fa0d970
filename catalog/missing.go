package catalog

import "reflect"

// missing notes every required key that no file gave. It runs after all files
// are decoded, because each may hold a part of a section.
func (p *problems) missing(spec *Spec) { p.missingIn("", reflect.ValueOf(spec).Elem()) }

func (p *problems) missingIn(path string, value reflect.Value) {
	switch value.Kind() {
	case reflect.Pointer:
		if !value.IsNil() {
			p.missingIn(path, value.Elem())
		}
	case reflect.Struct:
		p.missingKeys(path, value)
	case reflect.Map:
		for _, key := range value.MapKeys() {
			p.missingIn(below(path, key.String()), value.MapIndex(key))
		}
	case reflect.Slice:
		for i := range value.Len() {
			p.missingIn(at(path, i), value.Index(i))
		}
	}
}

func (p *problems) missingKeys(path string, value reflect.Value) {
	if p.meant[path] {
		return
	}
	switch own := value.Interface().(type) {
	case Secret, Text, StatusSet, Regexp, Comparison, Later, Template, Hex, Holidays: // they read themselves
		return
	case Escalation:
		p.missingIn(path, reflect.ValueOf(own.Steps))
		return
	}
	fields := p.fields(value.Type())
	for key := range fields {
		place := below(path, key)
		if fields[key].required && !p.positions.given(place) {
			if !p.meant[place] {
				p.add(place, "the key is missing")
			}
			continue
		}
		p.missingIn(place, value.FieldByIndex(fields[key].index))
	}
}
