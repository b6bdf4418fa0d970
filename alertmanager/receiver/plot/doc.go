// Package plot draws the figures of an incident as SVG.
//
// The board puts the drawings into its pages and the post-mortem into its
// documents. They need no script and no style of their own inside a page: what
// is drawn has classes, and the page's style sheet colours them for light and
// dark. A drawing that stands alone carries [Style] in it.
//
// A drawing is 400 wide and grows with the page, so its words stay readable on
// a phone. Each says what it shows in words too (title and description), tells
// lines apart by dashes and not by colour alone, and leaves a gap where nothing
// is known.
package plot
