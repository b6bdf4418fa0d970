package catalog

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Load reads the catalogue at path: one file, or all *.yml and *.yaml files
// that lie directly in a folder, put together. Mistakes in them are returned
// all at once as [Errors]; any other error means that a file could not be read.
func Load(path string) (*Catalog, error) {
	names, err := filesAt(path)
	if err != nil {
		return nil, err
	}
	var files sources
	var modified time.Time
	for _, name := range names {
		file, at, err := readSource(name)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
		if at.After(modified) {
			modified = at
		}
	}
	return parse(files, modified)
}

// Parse reads a catalogue of one file from memory. The file's name is used in
// messages, and its folder for relative paths; it need not exist.
func Parse(name string, text []byte) (*Catalog, error) {
	file, err := newSource(name, text)
	if err != nil {
		return nil, err
	}
	return parse(sources{file}, time.Time{})
}

// filesAt are the files of the catalogue at path, by name.
func filesAt(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("reading the catalogue: %w", err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("reading the catalogue's folder: %w", err)
	}
	var files []string
	for _, entry := range entries {
		name, extension := entry.Name(), filepath.Ext(entry.Name())
		if !entry.IsDir() && name[0] != '.' && (extension == ".yml" || extension == ".yaml") {
			files = append(files, filepath.Join(path, name))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("reading the catalogue's folder %q: there is no .yml or .yaml file in it", path)
	}
	return files, nil
}

func readSource(name string) (*source, time.Time, error) {
	opened, err := os.Open(name)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("reading the catalogue: %w", err)
	}
	defer opened.Close()
	info, err := opened.Stat()
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("reading the catalogue: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(opened, maxFile+1))
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("reading the catalogue: %w", err)
	}
	file, err := newSource(name, text)
	return file, info.ModTime(), err
}

// parse decodes, completes and checks. Checks run on what could be decoded, so
// that a misspelled key does not hide a dangling name.
func parse(files sources, modified time.Time) (*Catalog, error) {
	c := &Catalog{positions: newPositions(), sources: files, hash: hashOf(files), modified: modified}
	found := newProblems(c.positions, files)
	if whole := found.decode(files, c); !whole {
		return nil, found.err()
	}
	found.missing(&c.Spec)
	c.complete()
	found.check(&c.Spec)
	if err := found.err(); err != nil {
		return nil, err
	}
	return c, nil
}

// decode reads all files into c. It is false when checking on makes no sense.
func (p *problems) decode(files sources, c *Catalog) bool {
	whole := true
	for _, file := range files {
		root := p.root(file)
		if root == nil {
			whole = false
			continue
		}
		p.positions.put("", Position{files[0].name, 1, 1})
		d := decoder{problems: p, file: file, files: &c.files}
		d.document(root, &c.Spec)
		if d.stopped {
			return false
		}
	}
	return whole
}

// hashOf is over the bytes of the files in their order, comments included: two
// parts that read the same files agree, wherever the files lie.
func hashOf(files sources) uint64 {
	sum := sha256.New()
	for _, file := range files {
		fmt.Fprintf(sum, "%d\n", len(file.text))
		sum.Write(file.text)
	}
	return binary.BigEndian.Uint64(sum.Sum(nil)) >> 16
}
