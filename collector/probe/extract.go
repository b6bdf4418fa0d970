package probe

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/andybalholm/cascadia"
	"github.com/ohler55/ojg/jp"
	"golang.org/x/net/html"
)

// maxExtracted bounds a value that is carried from step to step.
const maxExtracted = 16 << 10

// extractor takes one value out of a body.
type extractor struct {
	name string // of the variable
	spec string // as the catalogue writes it
	take func(body []byte) (string, error)
}

// newExtractor parses "css:SELECTOR@ATTRIBUTE", "json:PATH" or
// "regexp:EXPRESSION".
func newExtractor(name, spec string) (extractor, error) {
	how, what, _ := strings.Cut(spec, ":")
	e := extractor{name: name, spec: spec}
	var err error
	switch how {
	case "css":
		e.take, err = byCSS(what)
	case "json":
		e.take, err = byJSON(what)
	case "regexp":
		e.take, err = byRegexp(what)
	default:
		err = fmt.Errorf("got %q, want css:SELECTOR@ATTRIBUTE, json:PATH or regexp:EXPRESSION", spec)
	}
	return e, err
}

// errNothing says that an expression matched nothing.
var errNothing = fmt.Errorf("it matched nothing")

func byCSS(what string) (func([]byte) (string, error), error) {
	selector, attribute := what, ""
	if i := strings.LastIndex(what, "@"); i >= 0 {
		selector, attribute = what[:i], what[i+1:]
	}
	matcher, err := cascadia.Parse(selector)
	if err != nil {
		return nil, fmt.Errorf("css selector %q: %w", selector, err)
	}
	return func(body []byte) (string, error) {
		tree, err := html.Parse(bytes.NewReader(body))
		if err != nil {
			return "", fmt.Errorf("parsing HTML: %w", err)
		}
		node := cascadia.Query(tree, matcher)
		if node == nil {
			return "", errNothing
		}
		if attribute == "" {
			return strings.TrimSpace(textOf(node)), nil
		}
		i := slices.IndexFunc(node.Attr, func(a html.Attribute) bool { return a.Key == attribute })
		if i < 0 {
			return "", fmt.Errorf("the element has no attribute %q", attribute)
		}
		return node.Attr[i].Val, nil
	}, nil
}

// textOf is the text in a node and below it.
func textOf(node *html.Node) string {
	var b strings.Builder
	for n := range node.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	}
	return b.String()
}

func byJSON(what string) (func([]byte) (string, error), error) {
	path, err := jp.ParseString(what)
	if err != nil {
		return nil, fmt.Errorf("json path %q: %w", what, err)
	}
	return func(body []byte) (string, error) {
		tree, err := parseJSON(body)
		if err != nil {
			return "", fmt.Errorf("parsing JSON: %w", err)
		}
		switch value := path.First(tree).(type) {
		case nil:
			return "", errNothing
		case string:
			return value, nil
		default:
			text, err := json.Marshal(value)
			return string(text), err
		}
	}, nil
}

func byRegexp(what string) (func([]byte) (string, error), error) {
	expression, err := regexp.Compile(what)
	if err != nil {
		return nil, fmt.Errorf("regular expression %q: %w", what, err)
	}
	if expression.NumSubexp() < 1 {
		return nil, fmt.Errorf("regular expression %q has no group (want one in parentheses)", what)
	}
	return func(body []byte) (string, error) {
		match := expression.FindSubmatch(body)
		if match == nil {
			return "", errNothing
		}
		return string(match[1]), nil
	}, nil
}

// from takes the value. The error is a *misfit.
func (e extractor) from(a answer) (string, error) {
	value, err := e.take(a.body)
	if err == nil && len(value) > maxExtracted {
		err = fmt.Errorf("the value has %d bytes, want at most %d", len(value), maxExtracted)
	}
	if err != nil {
		return "", misfitf(ReasonBody, "extracting %s by %s: %v%s", e.name, quote(e.spec), err, found(a))
	}
	return value, nil
}
