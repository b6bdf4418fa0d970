package tree

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// evaluator turns Terraform's expressions into values. What cannot be told
// without running Terraform becomes an Unknown value with the reason.
type evaluator struct {
	context *hcl.EvalContext
	used    func(variable string)
}

func (e *evaluator) with(variables map[string]cty.Value) *evaluator {
	child := e.context.NewChild()
	child.Variables = variables
	return &evaluator{context: child, used: e.used}
}

// evaluate is an expression's value, and unknown when it has none here.
func (e *evaluator) evaluate(expression hcl.Expression) cty.Value {
	value, diagnostics := expression.Value(e.context)
	if diagnostics.HasErrors() {
		return cty.DynamicVal
	}
	e.note(expression)
	value, _ = value.UnmarkDeep()
	return value
}

// note marks the variables that an expression names as read.
func (e *evaluator) note(expression hcl.Expression) {
	for _, traversal := range expression.Variables() {
		if len(traversal) < 2 || traversal.RootName() != "var" || e.used == nil {
			continue
		}
		if name, is := traversal[1].(hcl.TraverseAttr); is {
			e.used(name.Name)
		}
	}
}

// reason says which of the names in an expression is not known here.
func (e *evaluator) reason(expression hcl.Expression) string {
	for _, traversal := range expression.Variables() {
		value, diagnostics := traversal.TraverseAbs(e.context)
		if !diagnostics.HasErrors() && value.IsWhollyKnown() {
			continue
		}
		name := traversalText(traversal)
		switch traversal.RootName() {
		case "var":
			return name + " has no value (import the .tfvars file, too)"
		case "each", "count":
			return name + " is not in what for_each or count gives"
		case "local":
			return name + " could not be worked out"
		}
		return name + " is known only to Terraform (import the output of terraform show -json instead)"
	}
	_, diagnostics := expression.Value(e.context)
	for _, d := range diagnostics {
		if d.Severity == hcl.DiagError {
			return oneLine(d.Summary + ": " + d.Detail)
		}
	}
	return "Terraform works it out"
}

func traversalText(traversal hcl.Traversal) string {
	var text strings.Builder
	text.WriteString(traversal.RootName())
	for _, step := range traversal[1:] {
		switch step := step.(type) {
		case hcl.TraverseAttr:
			text.WriteString("." + step.Name)
		case hcl.TraverseIndex:
			text.WriteString("[…]")
		}
	}
	return text.String()
}

// body is a block as a map; blocks within it are lists of maps, as they are in
// Terraform's state.
func (e *evaluator) body(body *hclsyntax.Body, path string) *Value {
	v := &Value{At: placeOf(body.SrcRange), Path: path, Kind: Map}
	e.attributes(v, body)
	for _, block := range body.Blocks {
		name, bodies := block.Type, []*Value(nil)
		switch {
		case slices.Contains(terraformsOwn(), name):
			continue
		case name == "dynamic" && len(block.Labels) == 1:
			name = block.Labels[0]
			bodies = e.dynamic(block, below(path, name))
		default:
			bodies = []*Value{e.body(block.Body, below(path, name))}
		}
		list := v.Get(name)
		if list == nil {
			list = &Value{At: placeOf(block.TypeRange), Path: below(path, name), Kind: List}
			v.add(name, list)
		}
		list.items = append(list.items, bodies...)
	}
	return v
}

func (e *evaluator) attributes(v *Value, body *hclsyntax.Body) {
	for _, attribute := range inOrder(body) {
		path := below(v.Path, attribute.Name)
		v.add(attribute.Name, e.expression(attribute.Expr, path))
		if slices.Contains(terraformsOwn(), attribute.Name) {
			v.Get(attribute.Name).Read()
		}
	}
}

// dynamic repeats a block for each element of a collection.
func (e *evaluator) dynamic(block *hclsyntax.Block, path string) []*Value {
	attribute, has := block.Body.Attributes["for_each"]
	iterator := block.Labels[0]
	if named, is := block.Body.Attributes["iterator"]; is {
		iterator = hcl.ExprAsKeyword(named.Expr)
	}
	content := slices.IndexFunc(block.Body.Blocks, func(b *hclsyntax.Block) bool { return b.Type == "content" })
	if !has || content < 0 {
		return nil
	}
	value := e.evaluate(attribute.Expr)
	if !value.IsKnown() || value.IsNull() || !value.CanIterateElements() {
		return []*Value{{At: placeOf(block.TypeRange), Path: path, Kind: Unknown, text: e.reason(attribute.Expr)}}
	}
	var bodies []*Value
	for key, element := range value.Elements() {
		within := e.with(map[string]cty.Value{iterator: cty.ObjectVal(map[string]cty.Value{"key": key, "value": element})})
		bodies = append(bodies, within.body(block.Body.Blocks[content].Body, path))
	}
	return bodies
}

// expression is the value of an expression; of lists and objects in place each
// part by itself, so that one unknown part does not hide the others.
func (e *evaluator) expression(expression hcl.Expression, path string) *Value {
	v := &Value{At: placeOf(expression.Range()), Path: path}
	switch parts := expression.(type) {
	case *hclsyntax.TupleConsExpr:
		v.Kind = List
		for i, part := range parts.Exprs {
			v.items = append(v.items, e.expression(part, fmt.Sprintf("%s[%d]", path, i)))
		}
		return v
	case *hclsyntax.ObjectConsExpr:
		v.Kind = Map
		for _, part := range parts.Items {
			key := e.evaluate(part.KeyExpr)
			if text, err := convert.Convert(key, cty.String); err == nil && text.IsKnown() && !text.IsNull() {
				v.add(text.AsString(), e.expression(part.ValueExpr, below(path, text.AsString())))
			}
		}
		return v
	}
	return fromCty(e.evaluate(expression), v.At, path, func() string { return e.reason(expression) })
}

// fromCty is a value of Terraform as one of ours.
func fromCty(value cty.Value, at Position, path string, why func() string) *Value {
	v := &Value{At: at, Path: path}
	switch {
	case !value.IsKnown():
		v.Kind, v.text = Unknown, why()
	case value.IsNull():
	case value.Type() == cty.String:
		v.Kind, v.text = String, value.AsString()
	case value.Type() == cty.Bool:
		v.Kind, v.text = Bool, fmt.Sprint(value.True())
	case value.Type() == cty.Number:
		v.Kind, v.text = Number, value.AsBigFloat().Text('f', -1)
	case value.Type().IsObjectType() || value.Type().IsMapType():
		v.Kind = Map
		for key, element := range value.Elements() {
			v.add(key.AsString(), fromCty(element, at, below(path, key.AsString()), why))
		}
	case value.CanIterateElements():
		v.Kind = List
		for _, element := range value.Elements() {
			v.items = append(v.items, fromCty(element, at, fmt.Sprintf("%s[%d]", path, len(v.items)), why))
		}
	}
	return v
}

// cty is one of our values as Terraform has it.
func (v *Value) cty() cty.Value {
	if v == nil {
		return cty.DynamicVal
	}
	switch v.Kind {
	case Bool:
		return cty.BoolVal(v.text == "true")
	case Number:
		n, err := cty.ParseNumberVal(v.text)
		if err != nil {
			return cty.StringVal(v.text)
		}
		return n
	case String:
		return cty.StringVal(v.text)
	case List:
		items := make([]cty.Value, len(v.items))
		for i, item := range v.items {
			items[i] = item.cty()
		}
		return cty.TupleVal(items)
	case Map:
		object := make(map[string]cty.Value)
		for i, key := range v.keys {
			object[key] = v.items[i].cty()
		}
		return cty.ObjectVal(object)
	case Unknown:
		return cty.DynamicVal
	}
	return cty.NullVal(cty.DynamicPseudoType)
}

// functions are those of Terraform's that work on values alone.
func functions() map[string]function.Function {
	return map[string]function.Function{
		"abs": stdlib.AbsoluteFunc, "ceil": stdlib.CeilFunc, "floor": stdlib.FloorFunc, "max": stdlib.MaxFunc, "min": stdlib.MinFunc,
		"can": tryfunc.CanFunc, "try": tryfunc.TryFunc, "coalesce": stdlib.CoalesceFunc, "coalescelist": stdlib.CoalesceListFunc,
		"chunklist": stdlib.ChunklistFunc, "compact": stdlib.CompactFunc, "concat": stdlib.ConcatFunc, "contains": stdlib.ContainsFunc,
		"distinct": stdlib.DistinctFunc, "element": stdlib.ElementFunc, "flatten": stdlib.FlattenFunc,
		"format": stdlib.FormatFunc, "formatlist": stdlib.FormatListFunc, "join": stdlib.JoinFunc, "split": stdlib.SplitFunc,
		"jsondecode": stdlib.JSONDecodeFunc, "jsonencode": stdlib.JSONEncodeFunc, "keys": stdlib.KeysFunc, "values": stdlib.ValuesFunc,
		"length": stdlib.LengthFunc, "lookup": lookup(), "merge": stdlib.MergeFunc, "zipmap": stdlib.ZipmapFunc,
		"lower": stdlib.LowerFunc, "upper": stdlib.UpperFunc, "title": stdlib.TitleFunc, "trimspace": stdlib.TrimSpaceFunc,
		"trim": stdlib.TrimFunc, "trimprefix": stdlib.TrimPrefixFunc, "trimsuffix": stdlib.TrimSuffixFunc,
		"range": stdlib.RangeFunc, "reverse": stdlib.ReverseListFunc, "slice": stdlib.SliceFunc, "sort": stdlib.SortFunc,
		"regex": stdlib.RegexFunc, "regexall": stdlib.RegexAllFunc, "replace": stdlib.ReplaceFunc, "substr": stdlib.SubstrFunc,
		"setproduct": stdlib.SetProductFunc, "setunion": stdlib.SetUnionFunc, "setsubtract": stdlib.SetSubtractFunc, "setintersection": stdlib.SetIntersectionFunc,
		"tobool": stdlib.MakeToFunc(cty.Bool), "tonumber": stdlib.MakeToFunc(cty.Number), "tostring": stdlib.MakeToFunc(cty.String),
		"tolist": stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)), "toset": stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)),
		"tomap": stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)), "nonsensitive": function.New(same()), "sensitive": function.New(same()),
	}
}

// lookup is Terraform's, which does without the value for a missing key.
func lookup() function.Function {
	return function.New(&function.Spec{
		Params:   []function.Parameter{{Name: "map", Type: cty.DynamicPseudoType}, {Name: "key", Type: cty.String}},
		VarParam: &function.Parameter{Name: "default", Type: cty.DynamicPseudoType, AllowNull: true},
		Type:     func([]cty.Value) (cty.Type, error) { return cty.DynamicPseudoType, nil },
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if len(args) > 2 {
				return stdlib.Lookup(args[0], args[1], args[2])
			}
			value, diagnostics := hcl.Index(args[0], args[1], nil)
			if diagnostics.HasErrors() {
				return cty.NilVal, errors.New(diagnostics[0].Detail)
			}
			return value, nil
		},
	})
}

// same is the specification of a function that returns what it is given.
func same() *function.Spec {
	return &function.Spec{
		Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowNull: true, AllowDynamicType: true}},
		Type:   func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
		Impl:   func(args []cty.Value, _ cty.Type) (cty.Value, error) { return args[0], nil },
	}
}
