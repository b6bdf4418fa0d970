package githubtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

// description is GitHub's OpenAPI document, made into JSON Schema.
type description struct {
	document map[string]any
	compiler *jsonschema.Compiler
	mu       sync.Mutex // guards the compiler
}

const documentURL = "openapi.json"

// Fixture returns the text of a file of the fetched npm packages, such as
// "@octokit/webhooks-examples/api.github.com/index.json".
func Fixture(t testing.TB, name string) []byte {
	t.Helper()
	text, err := readFixture(name)
	require.NoError(t, err)
	return text
}

func readFixture(name string) ([]byte, error) {
	root := os.Getenv("TOCSIN_FIXTURES")
	if root == "" {
		_, here, _, _ := runtime.Caller(0)
		root = filepath.Join(filepath.Dir(here), "..", "..", "..", ".tocsin", "fixtures")
	}
	text, err := os.ReadFile(filepath.Join(root, "node_modules", filepath.FromSlash(name)))
	if err != nil {
		return nil, fmt.Errorf("the published examples are not here: run make fixtures: %w", err)
	}
	return text, nil
}

// paths are those of GitHub's paths that the server answers.
func paths() []string {
	return []string{
		"/repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs",
		"/repos/{owner}/{repo}/actions/runs/{run_id}/jobs",
		"/repos/{owner}/{repo}/commits/{commit_sha}/pulls",
		"/repos/{owner}/{repo}/commits/{commit_sha}/comments",
		"/repos/{owner}/{repo}/comments/{comment_id}",
		"/repos/{owner}/{repo}/issues",
		"/repos/{owner}/{repo}/issues/{issue_number}",
		"/repos/{owner}/{repo}/issues/{issue_number}/comments",
		"/repos/{owner}/{repo}/issues/comments/{comment_id}",
	}
}

// loadDescription reads the document once per test binary.
var loadDescription = sync.OnceValues(func() (*description, error) {
	text, err := readFixture("@octokit/openapi/generated/api.github.com.json")
	if err != nil {
		return nil, err
	}
	document, err := extract(text)
	if err != nil {
		return nil, fmt.Errorf("reading GitHub's description: %w", err)
	}
	nullable(document)
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft7)
	compiler.AssertFormat()
	if err := compiler.AddResource(documentURL, document); err != nil {
		return nil, fmt.Errorf("compiling GitHub's description: %w", err)
	}
	return &description{document: document, compiler: compiler}, nil
})

// extract takes our paths and all that they refer to out of the document,
// which has 13 MB: the rest would cost seconds.
func extract(text []byte) (map[string]any, error) {
	var whole struct {
		Paths      map[string]json.RawMessage            `json:"paths"`
		Components map[string]map[string]json.RawMessage `json:"components"`
	}
	if err := json.Unmarshal(text, &whole); err != nil {
		return nil, err
	}
	kept, components := map[string]any{}, map[string]any{}
	wanted := [][2]string{{"schemas", "basic-error"}}
	for _, path := range paths() {
		node, err := jsonschema.UnmarshalJSON(bytes.NewReader(whole.Paths[path]))
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", path, err)
		}
		kept[path] = node
		wanted = append(wanted, references(node)...)
	}
	for len(wanted) > 0 {
		section, name := wanted[0][0], wanted[0][1]
		wanted = wanted[1:]
		if _, have := at(components, section, name); have {
			continue
		}
		node, err := jsonschema.UnmarshalJSON(bytes.NewReader(whole.Components[section][name]))
		if err != nil {
			return nil, fmt.Errorf("reading %s of %s: %w", name, section, err)
		}
		if components[section] == nil {
			components[section] = map[string]any{}
		}
		components[section].(map[string]any)[name] = node
		wanted = append(wanted, references(node)...)
	}
	return map[string]any{"paths": kept, "components": components}, nil
}

// references lists the components that a node refers to.
func references(node any) (found [][2]string) {
	switch n := node.(type) {
	case []any:
		for _, v := range n {
			found = append(found, references(v)...)
		}
	case map[string]any:
		for _, v := range n {
			found = append(found, references(v)...)
		}
		ref, _ := n["$ref"].(string)
		if parts := strings.Split(ref, "/"); len(parts) == 4 && parts[1] == "components" {
			found = append(found, [2]string{parts[2], parts[3]})
		}
	}
	return found
}

// nullable rewrites OpenAPI 3.0's "nullable: true" as JSON Schema says it.
func nullable(node any) {
	switch n := node.(type) {
	case []any:
		for _, v := range n {
			nullable(v)
		}
	case map[string]any:
		for _, v := range n {
			nullable(v)
		}
		if n["nullable"] == true {
			allowNull(n)
		}
	}
}

func allowNull(schema map[string]any) {
	delete(schema, "nullable")
	if values, ok := schema["enum"].([]any); ok {
		schema["enum"] = append(values, nil)
	}
	if kind, ok := schema["type"].(string); ok {
		schema["type"] = []any{kind, "null"}
		return
	}
	for _, key := range []string{"allOf", "anyOf", "oneOf"} {
		if inner, ok := schema[key]; ok {
			delete(schema, key)
			schema["anyOf"] = []any{map[string]any{key: inner}, map[string]any{"type": "null"}}
			return
		}
	}
}

// operation is one method of one path.
type operation struct {
	d      *description
	path   string // as the description writes it: /repos/{owner}/{repo}/…
	method string // lower case
	spec   map[string]any
}

func (d *description) operation(method, path string) (operation, error) {
	o := operation{d: d, path: path, method: strings.ToLower(method)}
	spec, ok := at(d.document, "paths", path, o.method)
	if !ok {
		return o, fmt.Errorf("GitHub's description has no %s %s", method, path)
	}
	o.spec = spec.(map[string]any)
	return o, nil
}

// checkQuery returns an error for a parameter that GitHub does not document.
func (o operation) checkQuery(query url.Values) error {
	known := map[string]bool{}
	parameters, _ := o.spec["parameters"].([]any)
	for _, p := range parameters {
		known[o.d.follow(p)["name"].(string)] = true
	}
	for name := range query {
		if !known[name] {
			return fmt.Errorf("%s %s has no parameter %q", o.method, o.path, name)
		}
	}
	return nil
}

// checkBody compares a request's body with the description.
func (o operation) checkBody(body []byte) error {
	return o.validate(body, "requestBody", "content", "application/json", "schema")
}

// checkAnswer compares an answer with what is documented for its status. A
// status without a documented body is held to GitHub's basic error.
func (o operation) checkAnswer(status string, body []byte) error {
	if _, ok := at(o.spec, "responses", status, "content"); ok {
		return o.validate(body, "responses", status, "content", "application/json", "schema")
	}
	return o.d.validate(body, "components", "schemas", "basic-error")
}

func (o operation) validate(body []byte, pointer ...string) error {
	return o.d.validate(body, append([]string{"paths", o.path, o.method}, pointer...)...)
}

func (d *description) validate(body []byte, pointer ...string) error {
	escaped := make([]string, len(pointer))
	for i, p := range pointer {
		escaped[i] = url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(p))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	schema, err := d.compiler.Compile(documentURL + "#/" + strings.Join(escaped, "/"))
	if err != nil {
		return fmt.Errorf("compiling %v: %w", pointer, err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("reading a body: %w", err)
	}
	return schema.Validate(value)
}

// example returns a fresh copy of a documented example.
func (d *description) example(name string) any {
	value, ok := at(d.document, "components", "examples", name, "value")
	if !ok {
		panic("GitHub's description has no example " + name)
	}
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	var fresh any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&fresh); err != nil && err != io.EOF {
		panic(err)
	}
	return fresh
}

// follow resolves a reference within the document.
func (d *description) follow(node any) map[string]any {
	m := node.(map[string]any)
	ref, ok := m["$ref"].(string)
	if !ok {
		return m
	}
	target, ok := at(d.document, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	if !ok {
		panic("dangling reference " + ref)
	}
	return target.(map[string]any)
}

func at(node any, path ...string) (any, bool) {
	for _, key := range path {
		m, ok := node.(map[string]any)
		if !ok {
			return nil, false
		}
		if node, ok = m[key]; !ok {
			return nil, false
		}
	}
	return node, true
}
