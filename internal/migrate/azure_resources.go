package migrate

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// armResource is a resource of a template, with what its expressions may name.
type armResource struct {
	v *tree.Value
	e *armExpressions
}

// resources are the resources about monitoring in a template, with those of
// nested deployments, which Bicep makes of modules, and of loops.
func (a *azure) resources(root *tree.Value, e *armExpressions) []armResource {
	var found []armResource
	if root.Is(tree.List) || isArm(root) {
		for _, v := range armResources(root) {
			found = append(found, armResource{v, e})
		}
		return found
	}
	for _, key := range []string{"resources", "value"} {
		root.Get(key).Touch()
		for _, v := range root.Get(key).Items() {
			found = append(found, a.resource(v, e)...)
		}
	}
	for _, key := range []string{"parameters", "variables"} {
		root.Get(key).Read()
	}
	return found
}

// resource is one entry of a template's resources.
func (a *azure) resource(v *tree.Value, e *armExpressions) []armResource {
	if inner := v.Find("properties", "template"); inner != nil {
		given := make(map[string]*tree.Value)
		for _, name := range v.Find("properties", "parameters").Keys() {
			given[strings.ToLower(name)] = e.value(v.Find("properties", "parameters").Get(name).Get("value"))
		}
		found := a.resources(inner, scope(inner, given))
		v.Find("properties", "parameters").Read()
		return found
	}
	switch {
	case isArm(v):
		return append(a.instances(v, e), a.below(v, e)...)
	case v.Get("resources") != nil:
		return a.below(v, e)
	}
	name := cmp.Or(e.text(v.Get("name")), "a resource")
	kind := strings.ToLower(v.Get("type").Text())
	v.Read()
	if strings.Contains(kind, "alert") {
		a.report.add(LeftOut, v.At, name, "", "an alert rule of another kind: Tocsin's own rules, and its thresholds, are in its place")
	} else {
		a.report.add(Nothing, v.At, name, "", "no monitor")
	}
	return nil
}

// below are the resources that stand in another one.
func (a *azure) below(v *tree.Value, e *armExpressions) []armResource {
	var found []armResource
	for _, child := range v.Get("resources").Items() {
		found = append(found, a.resource(child, e)...)
	}
	return found
}

// instances are what a loop makes of a resource, or the one without a loop.
// One whose condition is false is left out.
func (a *azure) instances(v *tree.Value, e *armExpressions) []armResource {
	if e.text(v.Get("condition")) == "false" {
		a.leave(v, e.text(v.Get("name")), "its condition is false, so Azure makes none")
		return nil
	}
	const most = 1000
	loop := v.Get("copy")
	n, err := strconv.Atoi(e.text(loop.Get("count")))
	if loop == nil || err != nil || n < 1 || n > most {
		return []armResource{{v, e}}
	}
	found := make([]armResource, n)
	for i := range n {
		of := *e
		of.copy = i
		found[i] = armResource{v.Copy(), &of}
		a.extra = append(a.extra, extra{found[i].v, a.source})
	}
	v.Read()
	return found
}
