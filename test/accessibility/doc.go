// Package accessibility opens the board in a real browser, at the size of a
// phone and of a desk's screen, does with an incident what people do, and has
// axe-core look at every page for what WCAG 2.2 AA forbids.
//
// TOCSIN_SCREENSHOTS=FOLDER keeps pictures of the pages.
package accessibility
