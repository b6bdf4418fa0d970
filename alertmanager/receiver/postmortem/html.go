package postmortem

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"

	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/figures"
	"github.com/tocsin-monitoring/tocsin/alertmanager/receiver/plot"
)

//go:embed page.html
var page string

//go:embed page.css
var pageStyle string

// Link leads from the document elsewhere.
type Link struct{ Name, URL string }

// HTML writes a document as one file that needs no other, with links over it.
func HTML(d Document, links ...Link) ([]byte, error) {
	parsed, err := template.New("page").Funcs(template.FuncMap{
		"style": func() template.CSS { return template.CSS(pageStyle + plot.Style) },
		"svg":   func(c figures.Chart) template.HTML { return template.HTML(d.SVG(c, false)) },
		"rows":  d.Rows,
		"worst": WorstWord,
		"shown": shown,
		"links": func() []Link { return links },
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

// shown is where a page finds a picture: in itself where the document has it.
func shown(p Picture) template.URL {
	if len(p.PNG) > 0 {
		return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(p.PNG))
	}
	return template.URL(p.Address)
}
