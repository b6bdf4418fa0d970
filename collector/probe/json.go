package probe

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ohler55/ojg/jp"
	"github.com/ohler55/ojg/oj"

	"github.com/tocsin-monitoring/tocsin/catalog"
)

// maxDepth bounds how deep a JSON document may nest before it is read at all.
const maxDepth = 200

// parseJSON is a body as JSON. Its numbers are int64 or float64. The library
// panics on some texts that are none, such as {"":{"":},"":0: that is the
// service's fault, and no defect of ours.
func parseJSON(body []byte) (tree any, err error) {
	defer func() {
		if recover() != nil {
			tree, err = nil, errors.New("malformed")
		}
	}()
	if depth(body) > maxDepth {
		return nil, fmt.Errorf("nested more than %d levels deep", maxDepth)
	}
	tree, err = oj.Parse(body)
	if err == nil && tree == nil && len(body) == 0 {
		err = errors.New("the body is empty")
	}
	return tree, err
}

// depth is how deep brackets nest, texts left aside.
func depth(body []byte) int {
	deepest, now, quoted := 0, 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			now++
			deepest = max(deepest, now)
		case c == ']' || c == '}':
			now--
		}
	}
	return deepest
}

// jsonCheck is what the value at one path of a document must fulfil.
type jsonCheck struct {
	path string
	expr jp.Expr
	want catalog.Comparison
}

func newJSONCheck(path string, want catalog.Comparison) (jsonCheck, error) {
	expr, err := jp.ParseString(path)
	if err != nil {
		return jsonCheck{}, fmt.Errorf("malformed JSON path: %w", err)
	}
	return jsonCheck{path: path, expr: expr, want: want}, nil
}

// check is nil or a *misfit. Of several values the first counts.
func (c jsonCheck) check(tree any) error {
	found := c.expr.Get(tree)
	if len(found) == 0 {
		return wanted(ReasonBody, c.path+" "+c.want.String(), "nothing is there")
	}
	text := jsonText(found[0])
	if !c.want.Holds(text) {
		return wanted(ReasonBody, c.path+" "+c.want.String(), text)
	}
	return nil
}

// jsonText is a value as it is compared: a text without quotation marks.
func jsonText(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}
