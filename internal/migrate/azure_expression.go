package migrate

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// armExpressions works out the expressions of an ARM template, such as
// [concat('ping-', parameters('app'))], as far as they are constants.
type armExpressions struct {
	parameters, variables map[string]*tree.Value
	copy                  int // the turn of a loop
	depth                 int
}

// expressions knows the values of parameter files besides what the template
// says.
func (a *azure) expressions(root *tree.Value) *armExpressions {
	given := make(map[string]*tree.Value)
	for _, d := range a.documents {
		if strings.Contains(d.root.Get("$schema").Peek(), "deploymentParameters") {
			for _, name := range d.root.Get("parameters").Keys() {
				given[strings.ToLower(name)] = d.root.Get("parameters").Get(name).Get("value")
			}
			d.root.Read()
		}
	}
	return scope(root, given)
}

// scope knows the parameters of a template, by what is given or by their
// defaults, and its variables.
func scope(root *tree.Value, given map[string]*tree.Value) *armExpressions {
	e := &armExpressions{parameters: map[string]*tree.Value{}, variables: map[string]*tree.Value{}}
	for _, name := range root.Get("parameters").Keys() {
		e.parameters[strings.ToLower(name)] = root.Get("parameters").Get(name).First("defaultValue", "value")
	}
	for name, value := range given {
		if value != nil {
			e.parameters[name] = value
		}
	}
	for _, name := range root.Get("variables").Keys() {
		e.variables[strings.ToLower(name)] = root.Get("variables").Get(name)
	}
	return e
}

// value is a value with its expression worked out, where that is possible.
func (e *armExpressions) value(v *tree.Value) *tree.Value {
	if !v.Is(tree.String) || !strings.HasPrefix(v.Peek(), "[") || strings.HasPrefix(v.Peek(), "[[") {
		return v
	}
	result, ok := e.evaluate(strings.TrimSuffix(strings.TrimPrefix(v.Peek(), "["), "]"))
	if !ok {
		return v
	}
	v.Read()
	if found, is := result.(*tree.Value); is {
		return found.Moved(v.At, v.Path)
	}
	return tree.Text(fmt.Sprint(result), v.At, v.Path)
}

func (e *armExpressions) text(v *tree.Value) string { return e.value(v).Text() }

// evaluate is a text, or a value of the template.
func (e *armExpressions) evaluate(expression string) (any, bool) {
	if e.depth++; e.depth > 50 {
		return nil, false
	}
	defer func() { e.depth-- }()
	p := &armParser{rest: strings.TrimSpace(expression), of: e}
	result, ok := p.expression()
	return result, ok && strings.TrimSpace(p.rest) == ""
}

// armParser reads function(argument, …) and 'text'.
type armParser struct {
	rest string
	of   *armExpressions
}

func (p *armParser) expression() (any, bool) {
	result, ok := p.simple()
	for ok {
		p.rest = strings.TrimSpace(p.rest)
		v, is := result.(*tree.Value)
		switch {
		case is && strings.HasPrefix(p.rest, "."):
			end := strings.IndexFunc(p.rest[1:], func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }) + 1
			if end == 0 {
				end = len(p.rest)
			}
			result, ok = p.part(v, p.rest[1:end])
			p.rest = p.rest[end:]
		case is && strings.HasPrefix(p.rest, "["):
			var key any
			p.rest = p.rest[1:]
			if key, ok = p.expression(); ok {
				p.rest, ok = strings.CutPrefix(strings.TrimSpace(p.rest), "]")
			}
			if ok {
				result, ok = p.part(v, plainText(key))
			}
		default:
			return result, true
		}
	}
	return nil, false
}

// part is a value within a map or a list.
func (p *armParser) part(v *tree.Value, key string) (any, bool) {
	found := fold(v, key)
	if n, err := strconv.Atoi(key); err == nil && v.Is(tree.List) && n >= 0 && n < len(v.Items()) {
		found = v.Items()[n]
	}
	return p.of.value(found), found != nil
}

func plainText(v any) string {
	if value, is := v.(*tree.Value); is {
		return value.Peek()
	}
	return fmt.Sprint(v)
}

func (p *armParser) simple() (any, bool) {
	p.rest = strings.TrimSpace(p.rest)
	if text, found := strings.CutPrefix(p.rest, "'"); found {
		return p.literal(text)
	}
	name, rest, found := strings.Cut(p.rest, "(")
	if !found || strings.ContainsAny(name, "',) ") {
		return p.number()
	}
	p.rest = rest
	var arguments []string
	length := 0
	for {
		if p.rest = strings.TrimSpace(p.rest); strings.HasPrefix(p.rest, ")") {
			break
		}
		argument, ok := p.expression()
		if !ok {
			return nil, false
		}
		if v, is := argument.(*tree.Value); is {
			length = len(p.of.value(v).Items())
			if argument, ok = p.of.value(v).Peek(), !p.of.value(v).Empty(); !ok {
				return nil, false
			}
		}
		arguments = append(arguments, fmt.Sprint(argument))
		p.rest = strings.TrimPrefix(strings.TrimSpace(p.rest), ",")
		if p.rest == "" {
			return nil, false
		}
	}
	p.rest = p.rest[1:]
	name = strings.ToLower(strings.TrimSpace(name))
	if name == "length" && length > 0 {
		return strconv.Itoa(length), true
	}
	return p.of.call(name, arguments)
}

// literal is a text in single quotes; two of them are one.
func (p *armParser) literal(text string) (any, bool) {
	var b strings.Builder
	for {
		part, rest, found := strings.Cut(text, "'")
		if !found {
			return nil, false
		}
		b.WriteString(part)
		if !strings.HasPrefix(rest, "'") {
			p.rest = rest
			return b.String(), true
		}
		b.WriteString("'")
		text = rest[1:]
	}
}

func (p *armParser) number() (any, bool) {
	digits := p.rest[:len(p.rest)-len(strings.TrimLeft(p.rest, "0123456789"))]
	p.rest = p.rest[len(digits):]
	return digits, digits != ""
}

// call is what a function of ARM's gives.
func (e *armExpressions) call(name string, arguments []string) (any, bool) {
	first := ""
	if len(arguments) > 0 {
		first = arguments[0]
	}
	switch name {
	case "parameters":
		v, known := e.parameters[strings.ToLower(first)]
		return e.value(v), known && v != nil
	case "variables":
		v, known := e.variables[strings.ToLower(first)]
		return e.value(v), known && v != nil
	case "concat":
		return strings.Join(arguments, ""), true
	case "copyindex":
		from := 0
		if len(arguments) > 0 { // the loop's name, the number to begin with, or both
			from, _ = strconv.Atoi(arguments[len(arguments)-1])
		}
		return strconv.Itoa(e.copy + from), true
	case "equals":
		return strconv.FormatBool(len(arguments) == 2 && arguments[0] == arguments[1]), true
	case "not":
		return strconv.FormatBool(first != "true"), true
	case "tolower":
		return strings.ToLower(first), true
	case "toupper":
		return strings.ToUpper(first), true
	case "string":
		return first, true
	case "resourceid":
		if len(arguments) > 1 {
			return strings.Join(arguments, "/"), true
		}
	case "format":
		for i, argument := range arguments[min(1, len(arguments)):] {
			first = strings.ReplaceAll(first, fmt.Sprintf("{%d}", i), argument)
		}
		return first, true
	}
	return nil, false
}
