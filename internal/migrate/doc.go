// Package migrate turns what people have (blackbox_exporter, gatus,
// uptime-kuma, StatusCake, Azure, threshold maps, a list of addresses) into a
// first catalogue, and writes down everything that it could not carry over.
//
// It stands behind `tocsin import`. [Run] reads the files with the package
// tree, asks each source of the table in sources.go for its checks, brings the
// checks into one estate, fits them to the catalogue's rules and writes YAML.
//
// Nothing is dropped silently, and that does not depend on the care of a
// source: every value that no source has read is found afterwards and
// reported, every key that the catalogue does not know is found by looking at
// the types of the package catalog, and the result is loaded before it is
// handed out; a probe that the catalogue refuses is taken out and reported.
package migrate
