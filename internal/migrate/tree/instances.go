package tree

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// repetition is how often a block stands for itself, and how its body is made.
type repetition struct {
	count, forEach hcl.Expression // nil when not given
	body           func(e *evaluator, path string) *Value
}

// native is a block of a .tf file.
func (e *evaluator) native(block Block, body *hclsyntax.Body) []*Block {
	r := repetition{body: func(e *evaluator, path string) *Value { return e.body(body, path) }}
	if attribute, has := body.Attributes["count"]; has {
		r.count = attribute.Expr
	}
	if attribute, has := body.Attributes["for_each"]; has {
		r.forEach = attribute.Expr
	}
	return e.instances(block, r)
}

// json are the blocks of a .tf.json file, in which texts are templates.
func (e *evaluator) json(document *Value) []*Block {
	var found []*Block
	for i, kind := range document.Get("resource").Keys() {
		for j, name := range document.Get("resource").items[i].Keys() {
			for _, body := range document.Get("resource").items[i].items[j].Each() {
				found = append(found, e.templated(Block{Kind: "resource", Type: kind, Name: name}, body)...)
			}
		}
	}
	for i, name := range document.Get("module").Keys() {
		for _, body := range document.Get("module").items[i].Each() {
			found = append(found, e.templated(Block{Kind: "module", Name: name}, body)...)
		}
	}
	document.Read()
	return found
}

func (e *evaluator) templated(block Block, body *Value) []*Block {
	r := repetition{body: func(e *evaluator, path string) *Value { return e.resolved(body, path) }}
	if count := body.Get("count"); count != nil {
		r.count = template(count)
	}
	if forEach := body.Get("for_each"); forEach != nil {
		r.forEach = template(forEach)
	}
	return e.instances(block, r)
}

// template is a JSON value as an expression: a text may hold ${…}.
func template(v *Value) hcl.Expression {
	if v.Kind == String && strings.Contains(v.text, "${") {
		start := hcl.Pos{Line: v.At.Line, Column: v.At.Column, Byte: 0}
		if parsed, diagnostics := hclsyntax.ParseTemplate([]byte(v.text), v.At.File, start); !diagnostics.HasErrors() {
			return parsed
		}
	}
	return hcl.StaticExpr(v.cty(), hcl.Range{Filename: v.At.File})
}

// resolved is a JSON value with its templates worked out.
func (e *evaluator) resolved(v *Value, path string) *Value {
	if v.Kind == String && strings.Contains(v.text, "${") {
		expression := template(v)
		return fromCty(e.evaluate(expression), v.At, path, func() string { return e.reason(expression) })
	}
	same := &Value{At: v.At, Path: path, Kind: v.Kind, text: v.text}
	for i, item := range v.items {
		if v.Kind == List {
			same.items = append(same.items, e.resolved(item, fmt.Sprintf("%s[%d]", path, i)))
			continue
		}
		same.add(v.keys[i], e.resolved(item, below(path, v.keys[i])))
	}
	for _, own := range terraformsOwn() {
		same.Get(own).Read()
	}
	return same
}

// terraformsOwn are arguments that are followed here, or mean nothing to a
// monitor.
func terraformsOwn() []string {
	return []string{"for_each", "count", "depends_on", "provider", "providers", "lifecycle", "provisioner", "connection"}
}

// instances are what count and for_each make of one block.
func (e *evaluator) instances(block Block, r repetition) []*Block {
	switch {
	case r.count != nil:
		return e.counted(block, r)
	case r.forEach != nil:
		return e.each(block, r)
	}
	block.Body = r.body(e, block.Address())
	return []*Block{&block}
}

func (e *evaluator) each(block Block, r repetition) []*Block {
	value := e.evaluate(r.forEach)
	if !value.IsKnown() || value.IsNull() || !value.CanIterateElements() {
		block.Why = "for_each is not known here: " + e.reason(r.forEach)
		block.Body = r.body(e, block.Address())
		return []*Block{&block}
	}
	var found []*Block
	for key, element := range value.Elements() {
		one := block
		one.Key = keyText(key, element)
		within := e.with(map[string]cty.Value{"each": cty.ObjectVal(map[string]cty.Value{"key": cty.StringVal(one.Key), "value": element})})
		one.Body = r.body(within, one.Address())
		found = append(found, &one)
	}
	return found
}

// keyText is each.key; of a set's element it is the element.
func keyText(key, element cty.Value) string {
	for _, value := range []cty.Value{key, element} {
		if value.Type() == cty.String && value.IsKnown() && !value.IsNull() {
			return value.AsString()
		}
	}
	if key.Type() == cty.Number && key.IsKnown() {
		return key.AsBigFloat().Text('f', -1)
	}
	return "?"
}

func (e *evaluator) counted(block Block, r repetition) []*Block {
	const most = 10_000
	value := e.evaluate(r.count)
	n := 1
	if value.IsKnown() && !value.IsNull() && value.Type() == cty.Number {
		exact, _ := value.AsBigFloat().Int64()
		n = int(min(exact, most))
	} else {
		block.Why = "count is not known here: " + e.reason(r.count)
	}
	if n == 0 {
		block.Why = "count is 0, so Terraform makes none"
		n = 1
	}
	var found []*Block
	for i := range n {
		one := block
		if n > 1 {
			one.Key = fmt.Sprint(i)
		}
		within := e.with(map[string]cty.Value{"count": cty.ObjectVal(map[string]cty.Value{"index": cty.NumberIntVal(int64(i))})})
		one.Body = r.body(within, one.Address())
		found = append(found, &one)
	}
	return found
}
