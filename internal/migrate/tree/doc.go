// Package tree reads YAML, JSON and Terraform's language into one kind of
// value that knows where it stands and whether anybody has read it.
//
// It stands at the beginning of `tocsin import`: internal/migrate hands it the
// files and gives the values to the sources, which read what they understand.
// What nobody has read is found afterwards by [Value.Unread] and reported.
//
// A value is read by asking for its text, number and so on; looking at its
// kind, or fetching a key, does not count. So a key that a source has never
// heard of, and one whose value has an unexpected kind, both remain unread.
package tree
