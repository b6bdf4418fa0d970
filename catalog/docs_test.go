package catalog

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const page = "../docs/catalogue.md"

// The page has one table for each mapping of the format, with exactly its keys,
// and says which are required.
func TestEveryKeyIsDocumented(t *testing.T) {
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	tables := tablesOf(string(text))
	paths := make(map[reflect.Type][]string)
	placesOf(reflect.TypeFor[Spec](), "the top level", paths)
	require.Greater(t, len(paths), 30)
	for of, places := range paths {
		documented := tableAt(tables, places)
		require.NotNil(t, documented, "%s has no table: want a heading such as ### `%s`", of, places[0])
		fields := fieldsOf(of)
		require.ElementsMatch(t, names(fields), names(documented), places[0])
		for key, field := range fields {
			says := strings.HasPrefix(documented[key], "required")
			conditional := strings.HasPrefix(documented[key], "required ") || of == reflect.TypeFor[Pipeline]() && key == "github"
			require.True(t, conditional || says == field.required, "%s.%s: the page says %q", places[0], key, documented[key])
		}
	}
}

// tablesOf are the default columns of the tables' rows, by heading and key.
func tablesOf(text string) map[string]map[string]string {
	tables := make(map[string]map[string]string)
	heading := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if name, is := strings.CutPrefix(line, "### "); is {
			heading = strings.Trim(name, "`")
			tables[heading] = make(map[string]string)
		}
		row := strings.Split(line, " | ")
		if key, is := strings.CutPrefix(row[0], "| `"); is && heading != "" && len(row) >= 3 {
			tables[heading][strings.Trim(key, "`")] = strings.TrimSpace(row[2])
		}
	}
	return tables
}

func tableAt(tables map[string]map[string]string, places []string) map[string]string {
	for _, place := range places {
		if table := tables[place]; len(table) > 0 {
			return table
		}
	}
	return nil
}

// placesOf collects every path at which a struct stands.
func placesOf(of reflect.Type, path string, found map[reflect.Type][]string) {
	switch of.Kind() {
	case reflect.Pointer:
		placesOf(of.Elem(), path, found)
	case reflect.Map:
		placesOf(of.Elem(), path+".NAME", found)
	case reflect.Slice:
		placesOf(of.Elem(), path+"[]", found)
	case reflect.Struct:
		if of == reflect.TypeFor[Escalation]() {
			placesOf(reflect.TypeFor[[]Step](), path, found)
			return
		}
		if selfRead(of) && of != reflect.TypeFor[EmailChannel]() {
			return
		}
		found[of] = append(found[of], path)
		for _, field := range fieldsOf(of) {
			placesOf(of.FieldByIndex(field.index).Type, strings.TrimPrefix(path+"."+field.name, "the top level."), found)
		}
	}
}

// The examples are whole catalogues, or else fit together in one folder.
func TestEveryExampleLoads(t *testing.T) {
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	require.Greater(t, len(examples), 15)
	folder := t.TempDir()
	for i, example := range examples {
		if strings.Contains(example[1], "monitoring:") && strings.Contains(example[1], "services:") {
			_, err := Parse("tocsin.yml", []byte(example[1]))
			require.NoError(t, err, example[1])
			continue
		}
		require.NoError(t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("%02d.yml", i)), []byte(example[1]), 0o600))
	}
	c, err := Load(folder)
	require.NoError(t, err)
	require.Greater(t, len(c.Services), 5)
}

// Every key stands in some example, so that none is explained without being
// shown.
func TestEveryKeyIsShown(t *testing.T) {
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	var examples strings.Builder
	for _, example := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		examples.WriteString(example[1])
	}
	paths := make(map[reflect.Type][]string)
	placesOf(reflect.TypeFor[Spec](), "", paths)
	var unseen []string
	for of := range paths {
		for key := range fieldsOf(of) {
			if !regexp.MustCompile(`(?m)(^|[\s{])` + regexp.QuoteMeta(key) + `:`).MatchString(examples.String()) {
				unseen = append(unseen, of.Name()+"."+key)
			}
		}
	}
	require.Empty(t, unseen)
}
