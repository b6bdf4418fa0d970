package migrate

import (
	"strings"

	"github.com/tocsin-monitoring/tocsin/internal/migrate/tree"
)

// embedded reads the ARM templates that Terraform deploys, which stand as JSON
// in a text of a resource.
func (a *azure) embedded() {
	for _, b := range a.blocks {
		if b.Kind != "resource" || !strings.HasPrefix(b.Type, "azurerm_") || !strings.HasSuffix(b.Type, "template_deployment") {
			continue
		}
		text := b.Body.First("template_content", "template_body")
		switch {
		case text.Is(tree.Unknown):
			b.reader = a.source
			a.leave(b.Body, b.Address(), "its ARM template is not known here: %s. Import the template too if it has availability tests", text.Why())
		case strings.Contains(strings.ToLower(text.Peek()), "microsoft.insights/webtests"):
			b.reader = a.source
			if a.known(b) {
				a.deployed(b, text)
			}
		}
	}
}

// deployed reads the template of one deployment, with the parameters that are
// given to it: as JSON, or as a map of texts.
func (a *azure) deployed(b *block, text *tree.Value) {
	root, err := a.within(text)
	if err != nil {
		a.leave(b.Body, b.Address(), "its ARM template is not JSON: %v", err)
		return
	}
	given := make(map[string]*tree.Value)
	for _, name := range b.Body.Get("parameters").Keys() {
		given[strings.ToLower(name)] = b.Body.Get("parameters").Get(name)
	}
	if content := b.Body.First("parameters_content", "parameters_body"); !content.Empty() {
		parameters, err := a.within(content)
		if err != nil {
			a.lose(content, b.Address(), content.Key(), "the parameters of the ARM template are not known here: %v", err)
		}
		if inner := parameters.Get("parameters"); inner != nil {
			parameters = inner
		}
		for _, name := range parameters.Keys() {
			given[strings.ToLower(name)] = parameters.Get(name).Get("value")
		}
		parameters.Read()
	}
	a.template(root, scope(root, given))
	b.Body.Read()
}

// within is the JSON in a text of Terraform's.
func (a *azure) within(text *tree.Value) (*tree.Value, error) {
	root, err := tree.JSON(text.At.File, []byte(text.Text()))
	if err != nil {
		return nil, err
	}
	root = root.Moved(text.At, text.Path)
	a.extra = append(a.extra, extra{root, a.source})
	return root, nil
}
