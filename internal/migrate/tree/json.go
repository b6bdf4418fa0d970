package tree

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"unicode/utf8"
)

// JSON reads one document. Comments, which Azure's templates have, are allowed.
func JSON(file string, text []byte) (*Value, error) {
	text = withoutComments(bytes.TrimPrefix(text, []byte("\xEF\xBB\xBF")))
	r := jsonReader{file: file, text: text, decoder: json.NewDecoder(bytes.NewReader(text))}
	r.decoder.UseNumber()
	for i, c := range text {
		if c == '\n' {
			r.lines = append(r.lines, i)
		}
	}
	value, err := r.value("", 0)
	if err != nil {
		return nil, r.failure(err)
	}
	after := r.start()
	if _, err := r.decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, &Error{r.place(after), "something follows the JSON document (want one document a file)"}
	}
	return value, nil
}

type jsonReader struct {
	file    string
	text    []byte
	lines   []int // offsets of the line breaks
	decoder *json.Decoder
}

// start is the offset of the token that comes next.
func (r *jsonReader) start() int {
	offset := int(r.decoder.InputOffset())
	for offset < len(r.text) && bytes.IndexByte([]byte(" \t\r\n,:"), r.text[offset]) >= 0 {
		offset++
	}
	return offset
}

func (r *jsonReader) place(offset int) Position {
	offset = min(offset, len(r.text))
	line := sort.SearchInts(r.lines, offset)
	begin := 0
	if line > 0 {
		begin = r.lines[line-1] + 1
	}
	return Position{r.file, line + 1, utf8.RuneCount(r.text[begin:max(begin, offset)]) + 1}
}

func (r *jsonReader) failure(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return &Error{r.place(r.start()), "not JSON from here on: " + syntax.Error() + " (a comma too many or too few, or a quote that is not closed?)"}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{r.place(len(r.text)), "the JSON ends in the middle (is the file whole?)"}
	}
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	return &Error{r.place(r.start()), "not JSON from here on: " + err.Error()}
}

func (r *jsonReader) value(path string, depth int) (*Value, error) {
	v := &Value{At: r.place(r.start()), Path: path}
	if depth > maxDepth {
		return nil, &Error{v.At, "the values nest without end"}
	}
	token, err := r.decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Delim:
		return v, r.inside(v, token, depth)
	case bool:
		v.Kind, v.text = Bool, fmt.Sprint(token)
	case json.Number:
		v.Kind, v.text = Number, token.String()
	case string:
		v.Kind, v.text = String, token
	}
	return v, nil
}

func (r *jsonReader) inside(v *Value, open json.Delim, depth int) error {
	v.Kind = List
	if open == '{' {
		v.Kind = Map
	}
	for i := 0; r.decoder.More(); i++ {
		key, path := "", fmt.Sprintf("%s[%d]", v.Path, i)
		if v.Kind == Map {
			token, err := r.decoder.Token()
			if err != nil {
				return err
			}
			key, _ = token.(string)
			path = below(v.Path, key)
		}
		item, err := r.value(path, depth+1)
		if err != nil {
			return err
		}
		if v.Kind == Map {
			v.add(key, item)
		} else {
			v.items = append(v.items, item)
		}
	}
	_, err := r.decoder.Token() // the closing bracket
	return err
}

// withoutComments puts spaces in the place of // and /* */, so that every
// offset stays.
func withoutComments(text []byte) []byte {
	clean := bytes.Clone(text)
	blank := func(from, to int) {
		for i := from; i < to; i++ {
			if clean[i] != '\n' {
				clean[i] = ' '
			}
		}
	}
	for i := 0; i < len(clean); i++ {
		switch {
		case clean[i] == '"':
			for i++; i < len(clean) && clean[i] != '"'; i++ {
				if clean[i] == '\\' {
					i++
				}
			}
		case bytes.HasPrefix(clean[i:], []byte("//")):
			end := i + indexOr(clean[i:], "\n", len(clean)-i)
			blank(i, end)
			i = end
		case bytes.HasPrefix(clean[i:], []byte("/*")):
			end := min(len(clean), i+2+indexOr(clean[i+2:], "*/", len(clean))+2)
			blank(i, end)
			i = end - 1
		}
	}
	return clean
}

func indexOr(text []byte, what string, otherwise int) int {
	if i := bytes.Index(text, []byte(what)); i >= 0 {
		return i
	}
	return otherwise
}
