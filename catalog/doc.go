// Package catalog reads and validates tocsin.yml, the one file (or folder of
// files) that says what runs, who owns it, what is normal and who is told.
//
// It stands before every flow: the exporter, the receiver, the renderer and
// the tools all begin with [Load] and hand the *[Catalog] it returns to their
// constructors. The package imports nothing else of this module.
//
// A *Catalog is complete: every default is filled in, every name resolves, and
// every value is in range, so nobody downstream merges or checks again. It
// never holds a secret. Values that are secret are a [Secret], which knows the
// place of a file and reads it only when the part that needs it asks.
package catalog
