package plot

import _ "embed" // the style sheet

// Style colours drawings that stand outside the board's pages, light and dark.
//
//go:embed plot.css
var Style string
