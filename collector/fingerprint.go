package collector

import (
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"reflect"
	"slices"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// fingerprint tells whether a probe's specification changed. Its place in the
// file does not count, and neither do the locations: whether it runs here is
// decided before.
func fingerprint(p *catalog.Probe) uint64 {
	h := fnv.New64a()
	here := *p
	here.Locations = nil
	spell(h, reflect.ValueOf(here))
	return h.Sum64()
}

// spell writes everything in v that is exported or prints itself. Values with a
// notation of their own (status sets, regular expressions) are spelt in it.
func spell(w io.Writer, v reflect.Value) {
	if !v.IsValid() {
		return
	}
	if v.CanInterface() && v.Kind() != reflect.Pointer {
		if printer, ok := reflect.TypeAssert[fmt.Stringer](v); ok {
			fmt.Fprintf(w, "%q,", printer)
			return
		}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			fmt.Fprint(w, "nil,")
			return
		}
		spell(w, v.Elem())
	case reflect.Struct:
		spellFields(w, v)
	case reflect.Slice, reflect.Array:
		fmt.Fprintf(w, "[%d]", v.Len())
		for i := range v.Len() {
			spell(w, v.Index(i))
		}
	case reflect.Map:
		spellMap(w, v)
	default:
		fmt.Fprintf(w, "%#v,", v.Interface())
	}
}

func spellFields(w io.Writer, v reflect.Value) {
	for i := range v.NumField() {
		if field := v.Type().Field(i); field.IsExported() {
			fmt.Fprintf(w, "%s:", field.Name)
			spell(w, v.Field(i))
		}
	}
}

func spellMap(w io.Writer, v reflect.Value) {
	byName := make(map[string]reflect.Value, v.Len())
	for _, k := range v.MapKeys() {
		byName[fmt.Sprint(k.Interface())] = v.MapIndex(k)
	}
	fmt.Fprintf(w, "{%d}", len(byName))
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		fmt.Fprintf(w, "%q:", name)
		spell(w, byName[name])
	}
}
