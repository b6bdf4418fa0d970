package catalog

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// ICal is where an iCal calendar is. Exactly one of File, URL and URLFile, whose
// content is the address, is set; the receiver fetches the latter two, Every so
// often.
type ICal struct {
	File    CalendarFile `yaml:"file,omitempty"`
	URL     string       `yaml:"url,omitempty"`
	URLFile string       `yaml:"url_file,omitempty"`
	Every   Duration     `yaml:"every,omitempty"` // 15m by default
}

const (
	shortestFetch = Duration(time.Minute)
	usualFetch    = Duration(15 * time.Minute)
	longestFetch  = Duration(24 * time.Hour)
)

// ID tells calendars apart, "" for none: two with the same are one. It is no
// address, but may hold one.
func (c ICal) ID() string { return cmp.Or(string(c.File), c.URLFile, c.URL) }

// Fetched says whether the calendar is fetched from an address.
func (c ICal) Fetched() bool { return c.URL != "" || c.URLFile != "" }

// Interval is how often a calendar is fetched.
func (c ICal) Interval() time.Duration { return cmp.Or(c.Every, usualFetch).Std() }

// Address reads the address anew. Calendars of webcal:// are fetched over
// https. An error does not name the address: whoever has it can read the
// calendar.
func (c ICal) Address() (string, error) {
	address := c.URL
	if c.URLFile != "" {
		text, err := readAtMost(c.URLFile, maxSecret)
		if err != nil {
			return "", fmt.Errorf("reading the file of the address: %w", err)
		}
		address = strings.TrimSpace(string(text))
	}
	if rest, is := strings.CutPrefix(address, "webcal://"); is {
		address = "https://" + rest
	}
	if !strings.HasPrefix(address, "https://") && !strings.HasPrefix(address, "http://") {
		return "", errors.New("the file of the address holds none with https://, http:// or webcal://")
	}
	return address, nil
}

// CalendarFile is the path of an iCal file, absolute after loading.
type CalendarFile string

// decode reads a path.
func (f *CalendarFile) decode(d *decoder, node *yaml.Node, path string) {
	text, ok := d.scalarText(node, path)
	if !ok {
		return
	}
	if strings.TrimSpace(text) == "" {
		d.add(path, "the text is empty (give it one, or remove the key)")
		return
	}
	*f = CalendarFile(d.file.resolve(text))
	*d.files = append(*d.files, File{Place: path, Path: string(*f)})
}

// decode reads the name of a shipped calendar, or where an iCal calendar is.
func (h *Holidays) decode(d *decoder, node *yaml.Node, path string) {
	if node.Kind == yaml.ScalarNode {
		h.Calendar, _ = d.scalarText(node, path)
		return
	}
	d.structure(node, path, reflect.ValueOf(&h.ICal).Elem())
	for _, key := range []string{"file", "url", "url_file"} {
		if place := below(path, key); d.positions.given(place) || d.meant[place] {
			return
		}
	}
	if !d.meant[path] {
		d.add(path, "got %s, want the name of a calendar, or {file: PATH}, {url: ADDRESS} or {url_file: PATH} of an iCal calendar", described(node))
		d.meant[path] = true
	}
}

// checkICal wants one place, and asks it neither all the time nor hardly ever.
func (c *checker) checkICal(path string, calendar ICal) {
	c.exactlyOne(path, "the calendar", "file", "url", "url_file")
	address := below(path, "url")
	if u := c.checkURL(address, strings.Replace(calendar.URL, "webcal://", "https://", 1)); u != nil && looksSecret(u) {
		c.hideAt(address)
		c.add(address, "whoever has this address can read the calendar (keep it in a file of its own: url_file: PATH)")
	}
	every := below(path, "every")
	switch {
	case calendar.Every == 0 && !c.given(every):
	case calendar.File != "":
		c.add(every, "a file is looked at every 30 seconds (remove the key)")
	case calendar.Every < shortestFetch || calendar.Every > longestFetch:
		c.add(every, "got %s, want %s to %s", calendar.Every, shortestFetch, longestFetch)
	}
}

// looksSecret says whether an address is one of those that Google, Outlook and
// programs for leave make for one reader, or carries what is called a secret.
func looksSecret(u *url.URL) bool {
	for _, part := range []string{"/private-", "/owa/calendar/", "/feeds/feed.php"} {
		if strings.Contains(u.Path, part) {
			return true
		}
	}
	for name := range u.Query() {
		if slices.Contains([]string{"token", "key", "secret", "auth", "signature", "access_token", "api_key"}, strings.ToLower(name)) {
			return true
		}
	}
	return false
}
