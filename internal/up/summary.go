package up

import (
	"fmt"
	"strings"

	"github.com/tocsin-monitoring/tocsin/internal/demo"
)

const switchesURL = "http://127.0.0.1:10280/admin"

// summary says where everything is and how to break it.
func (s *screen) summary(parts []part, notes map[string]string) string {
	var out strings.Builder
	fmt.Fprintf(&out, "\n%s Ctrl-C ends it.\n\n", s.paint(colourBold, "Everything runs."))
	for _, p := range parts {
		fmt.Fprintf(&out, "  %-20s%s", p.what, p.link)
		if note := notes[p.name]; note != "" {
			out.WriteString("  " + s.paint(colourQuiet, note))
		}
		out.WriteByte('\n')
	}
	fmt.Fprintf(&out, "\n%s on the page %s or here,\nand watch the board and the inbox:\n\n", s.paint(colourBold, "Break the demo"), switchesURL)
	command := func(path, told string) { // below each other: side by side they are wider than a terminal
		fmt.Fprintf(&out, "  curl -X POST %s/%s\n    %s\n", switchesURL, path, s.paint(colourQuiet, "# "+told))
	}
	for _, one := range demo.Switches() {
		command(one.Name+"/on", one.Told)
	}
	command("reset", "everything works again")
	return out.String()
}
