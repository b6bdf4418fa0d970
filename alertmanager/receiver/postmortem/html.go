package postmortem

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/figures"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/plot"
)

//go:embed page.html
var page string

// HTML writes a document as one file that needs no other.
func HTML(d Document) ([]byte, error) {
	parsed, err := template.New("page").Funcs(template.FuncMap{
		"style": func() template.CSS { return template.CSS(plot.Style) },
		"svg":   func(c figures.Chart) template.HTML { return template.HTML(d.SVG(c, false)) },
		"rows":  d.Rows,
		"worst": worstWord,
	}).Parse(page)
	if err != nil {
		return nil, fmt.Errorf("parsing the page of a post-mortem: %w", err)
	}
	var b bytes.Buffer
	if err := parsed.Execute(&b, d); err != nil {
		return nil, fmt.Errorf("writing a post-mortem: %w", err)
	}
	return b.Bytes(), nil
}
