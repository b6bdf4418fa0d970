package lint

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// secrets reads every file that holds one; a content is never kept or shown.
func secrets(in Input) []Finding {
	files := Secrets(in.Catalog)
	if !in.Secrets {
		return []Finding{{Skipped, counted(len(files)) + ", not read (tocsin check --secrets reads all)"}}
	}
	var findings []Finding
	for _, file := range files {
		if err := readable(in.Catalog, file); err != nil {
			findings = append(findings, Finding{Problem, err.Error()})
		}
	}
	return orGood(findings, counted(len(files))+" can be read")
}

// File is a file that the catalogue names: its place there and on disk.
type File struct{ At, Path string }

func readable(c *catalog.Catalog, file File) error {
	content, err := os.ReadFile(file.Path)
	if err != nil {
		return c.Errorf(file.At, "%v", err)
	}
	if len(bytes.TrimSpace(content)) == 0 {
		return c.Errorf(file.At, "%s is empty", file.Path)
	}
	return nil
}

// Secrets lists every file of the catalogue that holds a secret: what is
// written {file: …}, and keys that end in _file. People's contacts and files
// that a program writes (pid_file) are not among them.
func Secrets(c *catalog.Catalog) []File {
	var files []File
	walk(reflect.ValueOf(c.Spec), "", func(f File) {
		if !strings.HasSuffix(f.At, ".pid_file") && !strings.HasSuffix(f.At, ".contacts") {
			files = append(files, f)
		}
	})
	return files
}

// walk visits the values in the order of the types, maps by their keys.
func walk(v reflect.Value, at string, visit func(File)) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		if secret, ok := reflect.TypeAssert[*catalog.Secret](v); ok {
			visit(File{at, secret.Path})
			return
		}
		walk(v.Elem(), at, visit)
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), fmt.Sprintf("%s[%d]", at, i), visit)
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, key := range keys {
			walk(v.MapIndex(key), at+"."+key.String(), visit)
		}
	case reflect.Struct:
		walkFields(v, at, visit)
	default:
		if strings.HasSuffix(at, "_file") && v.Kind() == reflect.String && v.String() != "" {
			visit(File{at, v.String()})
		}
	}
}

func walkFields(v reflect.Value, at string, visit func(File)) {
	if text, ok := reflect.TypeAssert[catalog.Text](v); ok {
		if text.File != nil {
			visit(File{at, text.File.Path})
		}
		return
	}
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if field.Anonymous && field.IsExported() && name == "" { // its keys stand among the others
			walk(v.Field(i), at, visit)
			continue
		}
		if name == "" || name == "-" || !field.IsExported() {
			continue // values with a notation of their own hold no file
		}
		walk(v.Field(i), strings.TrimPrefix(at+"."+name, "."), visit)
	}
}
