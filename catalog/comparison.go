package catalog

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// maxOperand bounds the text of a comparison.
const maxOperand = 200

// Comparison is what a value that was read must fulfil: an operator (<, <=, >,
// >=, == or !=) and a number or a text, such as "< 100" or "== primary". A text
// in quotation marks is never taken for a number. The zero value means not
// given.
type Comparison struct {
	operator string
	text     string // without quotation marks
	quoted   bool
	numeric  bool
	number   float64
}

// operators are what a comparison begins with; the longer ones come first.
func operators() []string { return []string{"<=", ">=", "==", "!=", "<", ">"} }

// ParseComparison reads a comparison as the catalogue writes it.
func ParseComparison(text string) (Comparison, error) {
	var c Comparison
	err := c.parse(text)
	return c, err
}

// IsZero says that no comparison was given.
func (c Comparison) IsZero() bool { return c.operator == "" }

// Numeric says that numbers are compared.
func (c Comparison) Numeric() bool { return c.numeric }

// String is the comparison as the catalogue writes it.
func (c Comparison) String() string {
	switch {
	case c.IsZero():
		return ""
	case c.quoted:
		return c.operator + " " + strconv.Quote(c.text)
	}
	return c.operator + " " + c.text
}

// Holds says whether a value fulfils the comparison, as a server wrote it.
// White space around it is not looked at. What is no number fulfils no
// comparison with one, != included.
func (c Comparison) Holds(found string) bool {
	found = strings.TrimSpace(found)
	if !c.numeric {
		return (found == c.text) == (c.operator == "==")
	}
	number, err := strconv.ParseFloat(found, 64)
	return err == nil && c.HoldsNumber(number)
}

// HoldsNumber says whether a number fulfils the comparison. NaN fulfils none.
func (c Comparison) HoldsNumber(found float64) bool {
	if !c.numeric {
		return c.Holds(strconv.FormatFloat(found, 'g', -1, 64))
	}
	switch {
	case math.IsNaN(found):
		return false
	case c.operator == "<":
		return found < c.number
	case c.operator == "<=":
		return found <= c.number
	case c.operator == ">":
		return found > c.number
	case c.operator == ">=":
		return found >= c.number
	case c.operator == "!=":
		return found != c.number
	}
	return found == c.number
}

func (c *Comparison) parse(text string) error {
	text = strings.TrimSpace(text)
	at := slices.IndexFunc(operators(), func(o string) bool { return strings.HasPrefix(text, o) })
	if at < 0 {
		return malformedComparison(text)
	}
	operator := operators()[at]
	operand := strings.TrimSpace(text[len(operator):])
	read := Comparison{operator: operator}
	if err := read.operand(operand); err != nil {
		return err
	}
	if !read.numeric && operator != "==" && operator != "!=" {
		return fmt.Errorf("only numbers are compared with %s (got %s, want a number, or == or != before a text)", operator, clipped(operand))
	}
	*c = read
	return nil
}

// operand reads what stands after the operator.
func (c *Comparison) operand(text string) error {
	number, err := strconv.ParseFloat(text, 64)
	switch {
	case text == "" || strings.ContainsAny(text[:1], "<>=!"):
		return malformedComparison(c.operator + text)
	case len(text) > maxOperand:
		return fmt.Errorf("the text of a comparison is too long (got %d bytes, want at most %d)", len(text), maxOperand)
	case err == nil && !math.IsNaN(number) && !math.IsInf(number, 0):
		c.text, c.number, c.numeric = text, number, true
	case strings.HasPrefix(text, `"`):
		if c.text, err = strconv.Unquote(text); err != nil {
			return errors.New(`the text of a comparison has one quotation mark only (want one such as == "ready")`)
		}
		c.quoted = true
	default:
		c.text = text
	}
	return nil
}

func malformedComparison(text string) error {
	return fmt.Errorf(`malformed comparison (got %s, want one such as "< 100", "== 1" or "== ready", in quotation marks)`, clipped(text))
}

// checkNumeric wants a comparison with a number, where only numbers are read.
func (c *checker) checkNumeric(path string, of Comparison) {
	if !of.IsZero() && !of.Numeric() {
		c.add(path, "got %s, want a comparison with a number, such as \"< 100\"", clipped(of.String()))
	}
}
