package inbox

import (
	"html/template"
	"regexp"
	"strings"
)

// inNewTab makes the links of a message open beside the inbox: inside the
// frame they would lead nowhere.
func inNewTab(html string) string {
	const base = `<base target="_blank">`
	const head = "<head>"
	if strings.Contains(html, head) {
		return strings.Replace(html, head, head+base, 1)
	}
	return base + html
}

var address = regexp.MustCompile(`https?://[^\s<>"']*[^\s<>"'.,;:!?)\]]`)

// linked is the text as HTML with its addresses to click on.
func linked(text string) template.HTML {
	var out strings.Builder
	at := 0
	for _, place := range address.FindAllStringIndex(text, -1) {
		link := template.HTMLEscapeString(text[place[0]:place[1]])
		out.WriteString(template.HTMLEscapeString(text[at:place[0]]))
		out.WriteString(`<a href="` + link + `" target="_blank" rel="noopener noreferrer">` + link + `</a>`)
		at = place[1]
	}
	out.WriteString(template.HTMLEscapeString(text[at:]))
	return template.HTML(out.String()) //nolint:gosec // every piece was escaped
}
