package schema

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"reflect"
	"regexp"
	"strings"
)

// comments are the comments of types, by "Type", and of fields, by
// "Type.Field".
type comments map[string]string

func readComments(sources fs.FS) (comments, error) {
	files, err := fs.Glob(sources, "*.go")
	if err != nil {
		return nil, fmt.Errorf("listing the catalogue's types: %w", err)
	}
	found := make(comments)
	for _, name := range files {
		text, err := fs.ReadFile(sources, name)
		if err != nil {
			return nil, fmt.Errorf("reading the catalogue's types: %w", err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("parsing the catalogue's types: %w", err)
		}
		found.add(file)
	}
	return found, nil
}

// add notes the comments of a file's struct types.
func (c comments) add(file *ast.File) {
	for _, declaration := range file.Decls {
		group, is := declaration.(*ast.GenDecl)
		if !is || group.Tok != token.TYPE {
			continue
		}
		for _, spec := range group.Specs {
			declared := spec.(*ast.TypeSpec)
			c[declared.Name.Name] = plain(group.Doc)
			if fields, is := declared.Type.(*ast.StructType); is {
				c.addFields(declared.Name.Name, fields)
			}
		}
	}
}

func (c comments) addFields(of string, fields *ast.StructType) {
	for _, field := range fields.Fields.List {
		for _, name := range field.Names {
			c[of+"."+name.Name] = sentence(plain(field.Doc) + plain(field.Comment))
		}
	}
}

// plain is a comment without its markup, on one line.
func plain(comment *ast.CommentGroup) string {
	text := strings.Join(strings.Fields(comment.Text()), " ")
	return regexp.MustCompile(`\[([A-Z]\w*)\]`).ReplaceAllString(text, "$1")
}

func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}

// of is the comment of a type, or of one of its fields.
func (c comments) of(t reflect.Type, field string) string {
	if field == "" {
		return c[t.Name()]
	}
	if comment := c[t.Name()+"."+field]; comment != "" {
		return comment
	}
	if declared, known := t.FieldByName(field); known {
		if s := notation(declared.Type); s != nil {
			return s.Description
		}
	}
	return ""
}
