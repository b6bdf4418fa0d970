package tree

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// Block is one resource or module call of Terraform, after count and for_each.
type Block struct {
	Kind string // resource or module
	Type string // of a resource
	Name string
	Key  string // of for_each, or the number of count; empty without
	Body *Value
	Why  string // why the number of instances is not known; then Body is the one pattern
}

// Address is how Terraform names the block.
func (b *Block) Address() string {
	name := strings.Trim(b.Type+"."+b.Name, ".")
	if b.Kind == "module" {
		name = "module." + b.Name
	}
	if b.Key != "" {
		name += fmt.Sprintf("[%q]", b.Key)
	}
	return name
}

// Module is the Terraform of one folder. Its zero value is empty.
type Module struct {
	blocks    []*hclsyntax.Block
	documents []*Value          // from .tf.json files
	variables map[string]*Value // from .tfvars files
}

// Configuration adds a .tf file.
func (m *Module) Configuration(file string, text []byte) error {
	body, err := parse(file, text)
	if err != nil {
		return err
	}
	m.blocks = append(m.blocks, body.Blocks...)
	return nil
}

// Variable gives a variable a value, as a .tfvars file does. The value is read
// when a block uses the variable.
func (m *Module) Variable(name string, value *Value) {
	if m.variables == nil {
		m.variables = make(map[string]*Value)
	}
	m.variables[name] = value
}

// TFVars reads a .tfvars file: one map.
func TFVars(file string, text []byte) (*Value, error) {
	body, err := parse(file, text)
	if err != nil {
		return nil, err
	}
	e := evaluator{context: &hcl.EvalContext{Functions: functions()}}
	v := &Value{At: Position{file, 1, 1}, Kind: Map}
	e.attributes(v, body)
	return v, nil
}

func parse(file string, text []byte) (*hclsyntax.Body, error) {
	parsed, diagnostics := hclsyntax.ParseConfig(text, file, hcl.InitialPos)
	for _, d := range diagnostics {
		if d.Severity == hcl.DiagError {
			at := Position{file, 1, 1}
			if d.Subject != nil {
				at = placeOf(*d.Subject)
			}
			return nil, &Error{at, "not Terraform from here on: " + d.Summary + ": " + oneLine(d.Detail)}
		}
	}
	return parsed.Body.(*hclsyntax.Body), nil
}

func placeOf(r hcl.Range) Position { return Position{r.Filename, r.Start.Line, r.Start.Column} }

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// Blocks evaluates the resources and module calls.
func (m *Module) Blocks() []*Block {
	e := evaluator{used: m.use, context: &hcl.EvalContext{Variables: m.scope(), Functions: functions()}}
	m.locals(&e)
	m.repeated(&e)
	var found []*Block
	for _, block := range m.blocks {
		switch {
		case block.Type == "resource" && len(block.Labels) == 2:
			found = append(found, e.native(Block{Kind: block.Type, Type: block.Labels[0], Name: block.Labels[1]}, block.Body)...)
		case block.Type == "module" && len(block.Labels) == 1:
			found = append(found, e.native(Block{Kind: block.Type, Name: block.Labels[0]}, block.Body)...)
		}
	}
	for _, document := range m.documents {
		found = append(found, e.json(document)...)
	}
	return found
}

// use marks the value of a variable as read.
func (m *Module) use(variable string) { m.variables[variable].Read() }

// scope is what expressions may name: variables, and of each resource its
// address in the place of its id, so that resources can refer to each other.
func (m *Module) scope() map[string]cty.Value {
	given := make(map[string]cty.Value)
	resources := make(map[string]map[string]cty.Value)
	data := make(map[string]map[string]cty.Value)
	for _, block := range m.blocks {
		switch {
		case block.Type == "variable" && len(block.Labels) == 1:
			given[block.Labels[0]] = defaultOf(block)
		case block.Type == "resource" && len(block.Labels) == 2:
			identify(resources, block.Labels, "")
		case block.Type == "data" && len(block.Labels) == 2:
			identify(data, block.Labels, "data.")
		}
	}
	for _, document := range m.documents {
		for i, name := range document.Get("variable").Keys() {
			given[name] = document.Get("variable").items[i].Get("default").cty()
		}
	}
	for name, value := range m.variables {
		given[name] = value.cty()
	}
	for _, block := range m.blocks {
		if block.Type == "variable" && len(block.Labels) == 1 {
			given[block.Labels[0]] = typed(block, given[block.Labels[0]])
		}
	}
	scope := objects(resources)
	scope["var"] = cty.ObjectVal(given)
	scope["data"] = cty.ObjectVal(objects(data))
	scope["path"] = cty.ObjectVal(map[string]cty.Value{"module": cty.StringVal("."), "root": cty.StringVal(".")})
	return scope
}

// repeated lets expressions name the instances of resources with count or
// for_each: each has the address of the resource.
func (m *Module) repeated(e *evaluator) {
	for _, block := range m.blocks {
		if block.Type != "resource" || len(block.Labels) != 2 {
			continue
		}
		kind := e.context.Variables[block.Labels[0]].AsValueMap()
		one := kind[block.Labels[1]]
		if attribute, has := block.Body.Attributes["count"]; has {
			kind[block.Labels[1]] = counted(e.evaluate(attribute.Expr), one)
		} else if attribute, has := block.Body.Attributes["for_each"]; has {
			kind[block.Labels[1]] = keyed(e.evaluate(attribute.Expr), one)
		}
		e.context.Variables[block.Labels[0]] = cty.ObjectVal(kind)
	}
}

// counted is a list of as many as count says.
func counted(count, one cty.Value) cty.Value {
	const most = 1000
	if !count.IsKnown() || count.IsNull() || count.Type() != cty.Number {
		return cty.DynamicVal
	}
	n, _ := count.AsBigFloat().Int64()
	if n <= 0 || n > most {
		return cty.DynamicVal
	}
	return cty.TupleVal(slices.Repeat([]cty.Value{one}, int(n)))
}

// keyed is an object with a value for each key of for_each.
func keyed(forEach, one cty.Value) cty.Value {
	if !forEach.IsKnown() || forEach.IsNull() || !forEach.CanIterateElements() {
		return cty.DynamicVal
	}
	instances := make(map[string]cty.Value)
	for key, element := range forEach.Elements() {
		instances[keyText(key, element)] = one
	}
	return cty.ObjectVal(instances)
}

// defaultOf is a variable's default, or an unknown value.
func defaultOf(block *hclsyntax.Block) cty.Value {
	attribute, has := block.Body.Attributes["default"]
	if !has {
		return cty.DynamicVal
	}
	value, diagnostics := attribute.Expr.Value(&hcl.EvalContext{Functions: functions()})
	if diagnostics.HasErrors() {
		return cty.DynamicVal
	}
	return value
}

// typed is a value of a variable's type, with the defaults of its optional
// attributes.
func typed(block *hclsyntax.Block, value cty.Value) cty.Value {
	attribute, has := block.Body.Attributes["type"]
	if !has || !value.IsKnown() || value.IsNull() {
		return value
	}
	constraint, defaults, diagnostics := typeexpr.TypeConstraintWithDefaults(attribute.Expr)
	if diagnostics.HasErrors() {
		return value
	}
	if defaults != nil {
		value = defaults.Apply(value)
	}
	if converted, err := convert.Convert(value, constraint); err == nil {
		return converted
	}
	return value
}

func identify(all map[string]map[string]cty.Value, labels []string, prefix string) {
	if all[labels[0]] == nil {
		all[labels[0]] = make(map[string]cty.Value)
	}
	all[labels[0]][labels[1]] = cty.ObjectVal(map[string]cty.Value{"id": cty.StringVal(prefix + labels[0] + "." + labels[1])})
}

func objects(all map[string]map[string]cty.Value) map[string]cty.Value {
	scope := make(map[string]cty.Value)
	for kind, named := range all {
		scope[kind] = cty.ObjectVal(named)
	}
	return scope
}

// JSON adds a .tf.json file.
func (m *Module) JSON(document *Value) { m.documents = append(m.documents, document) }

// locals evaluates the locals, which may name each other in any order.
func (m *Module) locals(e *evaluator) {
	waiting := make(map[string]hcl.Expression)
	values := make(map[string]cty.Value)
	for _, block := range m.blocks {
		if block.Type == "locals" {
			for name, attribute := range block.Body.Attributes {
				waiting[name] = attribute.Expr
			}
		}
	}
	for _, document := range m.documents {
		for i, name := range document.Get("locals").Keys() {
			waiting[name] = template(document.Get("locals").items[i])
		}
	}
	for progress := true; progress && len(waiting) > 0; {
		progress = false
		e.context.Variables["local"] = cty.ObjectVal(values)
		for _, name := range slices.Sorted(maps.Keys(waiting)) {
			value, diagnostics := waiting[name].Value(e.context)
			if !diagnostics.HasErrors() {
				values[name] = value
				e.note(waiting[name])
				delete(waiting, name)
				progress = true
			}
		}
	}
	for name := range waiting {
		values[name] = cty.DynamicVal
	}
	e.context.Variables["local"] = cty.ObjectVal(values)
}

// inOrder are a body's attributes and blocks as they stand in the file.
func inOrder(body *hclsyntax.Body) []*hclsyntax.Attribute {
	return slices.SortedFunc(maps.Values(body.Attributes), func(a, b *hclsyntax.Attribute) int {
		return cmp.Compare(a.SrcRange.Start.Byte, b.SrcRange.Start.Byte)
	})
}
