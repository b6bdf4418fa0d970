package migrate

import (
	"cmp"
	"errors"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// block is a resource or module call of Terraform, and the source that reads
// it.
type block struct {
	*tree.Block
	reader *source
}

// terraform evaluates the configurations, folder by folder, and finds the
// resources of states and plans.
func (i *importer) terraform() error {
	modules := make(map[string]*tree.Module)
	var folders []string
	module := func(name string) *tree.Module {
		folder := filepath.Dir(name)
		if modules[folder] == nil {
			modules[folder] = new(tree.Module)
			folders = append(folders, folder)
		}
		return modules[folder]
	}
	var problems []error
	for _, d := range i.documents {
		switch {
		case d.source != nil || !d.terraform():
		case d.format == formatConfiguration:
			problems = append(problems, module(d.name).Configuration(d.name, d.text))
		case d.format == formatJSON && terraformJSON(d.root):
			module(d.name).JSON(d.root)
		}
	}
	for _, d := range i.documents {
		switch {
		case d.source != nil || !d.terraform() || d.root == nil:
		case terraformState(d.root):
			i.state(d.root)
		case !terraformJSON(d.root):
			for _, folder := range folders {
				for _, name := range d.root.Keys() {
					modules[folder].Variable(name, d.root.Get(name))
				}
			}
		}
	}
	for _, folder := range folders {
		for _, found := range modules[folder].Blocks() {
			i.blocks = append(i.blocks, &block{Block: found})
		}
	}
	return errors.Join(problems...)
}

// terraformState recognises a state, and what terraform show -json prints of a
// state or a plan.
func terraformState(root *tree.Value) bool {
	return root.Get("terraform_version") != nil && root.First("resources", "values", "planned_values") != nil
}

// terraformJSON recognises a .tf.json file.
func terraformJSON(root *tree.Value) bool {
	for _, key := range []string{"resource", "module", "variable", "locals"} {
		if root.Get(key).Is(tree.Map) && !terraformState(root) && root.First("$schema", "monitorList") == nil {
			return true
		}
	}
	return false
}

// terraformVariables recognises a .tfvars.json file by its name, or by what
// its variables hold.
func terraformVariables(d *document) bool {
	if strings.HasSuffix(strings.ToLower(d.name), ".tfvars.json") {
		return true
	}
	if isThresholdMap(d.root) || isStatusCakeMap(d.root) {
		return true
	}
	return slices.ContainsFunc(d.root.Items(), func(v *tree.Value) bool { return isThresholdMap(v) || isStatusCakeMap(v) })
}

// state finds the resources of a state or plan.
func (i *importer) state(root *tree.Value) {
	for _, resource := range root.Get("resources").Items() {
		for n, instance := range resource.Get("instances").Items() {
			b := &tree.Block{Kind: "resource", Type: resource.Get("type").Text(), Name: resource.Get("name").Text(), Body: instance.Get("attributes").Copy()}
			if b.Key = instance.Get("index_key").Text(); b.Key == "" && n > 0 {
				b.Key = instance.Path
			}
			if resource.Get("mode").Text() == "managed" && b.Body.Is(tree.Map) {
				i.blocks = append(i.blocks, &block{Block: b})
			}
		}
	}
	for _, key := range []string{"values", "planned_values"} {
		i.stateModule(root.Find(key, "root_module"))
	}
	root.Read()
}

func (i *importer) stateModule(module *tree.Value) {
	for _, resource := range module.Get("resources").Items() {
		b := &tree.Block{Kind: "resource", Type: resource.Get("type").Text(), Name: resource.Get("name").Text(), Key: resource.Get("index").Text(), Body: resource.Get("values").Copy()}
		if resource.Get("mode").Text() == "managed" && b.Body.Is(tree.Map) {
			i.blocks = append(i.blocks, &block{Block: b})
		}
	}
	for _, child := range module.Get("child_modules").Items() {
		i.stateModule(child)
	}
}

// resources are the blocks of a type, from now on read by this source.
func (in *intake) resources(kind string) []*block {
	var found []*block
	for _, b := range in.blocks {
		if b.Kind == "resource" && b.Type == kind {
			b.reader = in.source
			found = append(found, b)
		}
	}
	return found
}

// terraformName is a value's text, or else the block's own name.
func terraformName(v *tree.Value, b *block) string {
	name := v.Text()
	if name == "" {
		name = b.Name
		if b.Key != "" {
			name += "-" + b.Key
		}
	}
	return name
}

// known says whether the number of a block's instances is known; when Terraform
// makes none or nobody can tell, the block is left out.
func (in *intake) known(b *block) bool {
	in.subject(b.Body, b.Address())
	if b.Why != "" {
		in.leave(b.Body, b.Address(), "%s", b.Why)
		return false
	}
	return true
}

// unreadBlock reports a resource that no source has asked for.
func (i *importer) unreadBlock(b *block) {
	switch {
	case b.Kind == "module":
		i.report.add(LeftOut, b.Body.At, b.Address(), "", "what the module makes is not followed: import its folder, or the output of terraform show -json, if it makes monitors")
	case regexp.MustCompile(`(?i)statuscake|monitor|alert|synthetic|uptime|checkly_check|pingdom|site24x7|updown|hetrixtools|pagerduty|opsgenie|health_check|healthcheck|web_?test`).MatchString(b.Type):
		i.report.add(LeftOut, b.Body.At, b.Address(), "", "tocsin import has no counterpart for a %s", b.Type)
	default:
		i.report.add(Nothing, b.Body.At, b.Address(), "", "no monitor")
	}
}

// variables calls found with each variable of the .tfvars files that looks like
// what the source understands; a file that is one such map counts as one.
func (in *intake) variables(is func(*tree.Value) bool, found func(name string, v *tree.Value)) {
	for _, d := range in.documents {
		if d.root == nil || d.source != nil && !d.source.terraform || terraformState(d.root) || terraformJSON(d.root) {
			continue
		}
		if is(d.root) {
			found(strings.TrimSuffix(strings.TrimSuffix(filepath.Base(d.name), ".json"), ".tfvars"), d.root)
			continue
		}
		for _, name := range d.root.Keys() {
			if v := d.root.Get(name); is(v) && !v.Touched() {
				found(cmp.Or(name, d.name), v)
			}
		}
	}
}
