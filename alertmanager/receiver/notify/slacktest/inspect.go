package slacktest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"unicode/utf8"

	"github.com/slack-go/slack"
)

// The documented limits: https://docs.slack.dev/reference/block-kit/.
const (
	mostBlocks   = 50
	mostElements = 25
	mostFields   = 10
	mostText     = 3000
	mostHeader   = 150
	mostField    = 2000
	mostButton   = 75
	mostOption   = 150
	mostAll      = 13200 // beyond it Slack answers msg_blocks_too_long
)

// loose is a character that Slack reads as its own: a bracket, or an ampersand
// that begins none of the three entities.
var loose = regexp.MustCompile(`[<>]|&($|[^alg]|a$|a[^m]|am$|am[^p]|amp$|amp[^;]|[lg]$|[lg][^t]|[lg]t$|[lg]t[^;])`)

// inspect lists what is wrong with a message.
func inspect(in sent) []string {
	var problems []string
	note := func(wrong bool, format string, args ...any) {
		if wrong {
			problems = append(problems, fmt.Sprintf(format, args...))
		}
	}
	note(utf8.RuneCountInString(in.Text) > mostText, "a text of %d characters", utf8.RuneCountInString(in.Text))
	note(in.Text == "", "no text for those who see no blocks")
	note(loose.MatchString(in.Text), "a control character in the text %q", in.Text)
	note(in.Blocks == nil, "no blocks")
	if in.Blocks == nil {
		return problems
	}
	note(utf8.RuneCount(in.Blocks) > mostAll*2, "blocks of %d characters", utf8.RuneCount(in.Blocks))
	var blocks slack.Blocks
	if err := json.Unmarshal(in.Blocks, &blocks); err != nil {
		return append(problems, err.Error())
	}
	note(len(blocks.BlockSet) > mostBlocks, "%d blocks", len(blocks.BlockSet))
	for _, block := range blocks.BlockSet {
		problems = append(problems, inspectBlock(block)...)
	}
	return append(problems, lost(in.Blocks, blocks)...)
}

func inspectBlock(block slack.Block) []string {
	switch b := block.(type) {
	case *slack.HeaderBlock:
		return inspectText(b.Text, mostHeader)
	case *slack.SectionBlock:
		problems := []string(nil)
		if b.Text != nil {
			problems = inspectText(b.Text, mostText)
		}
		if len(b.Fields) > mostFields {
			problems = append(problems, fmt.Sprintf("%d fields", len(b.Fields)))
		}
		for _, field := range b.Fields {
			problems = append(problems, inspectText(field, mostField)...)
		}
		return problems
	case *slack.ActionBlock:
		return inspectActions(b)
	case *slack.ContextBlock:
		return nil
	}
	return []string{fmt.Sprintf("a block of the kind %s", block.BlockType())}
}

func inspectActions(b *slack.ActionBlock) []string {
	var problems []string
	if n := len(b.Elements.ElementSet); n == 0 || n > mostElements {
		problems = append(problems, fmt.Sprintf("%d elements", n))
	}
	seen := map[string]bool{}
	for _, element := range b.Elements.ElementSet {
		id := ""
		switch e := element.(type) {
		case *slack.ButtonBlockElement:
			id = e.ActionID
			problems = append(problems, inspectText(e.Text, mostButton)...)
			if utf8.RuneCountInString(e.URL) > mostText {
				problems = append(problems, "a long address")
			}
		case *slack.SelectBlockElement:
			id = e.ActionID
			problems = append(problems, inspectText(e.Placeholder, mostOption)...)
			for _, option := range e.Options {
				problems = append(problems, inspectText(option.Text, mostButton)...)
				if utf8.RuneCountInString(option.Value) > mostOption {
					problems = append(problems, "a long value")
				}
			}
		default:
			problems = append(problems, fmt.Sprintf("an element of the kind %s", element.ElementType()))
		}
		if id == "" || seen[id] {
			problems = append(problems, fmt.Sprintf("the action %q is not the only one", id))
		}
		seen[id] = true
	}
	return problems
}

func inspectText(text *slack.TextBlockObject, most int) []string {
	var problems []string
	if err := text.Validate(); err != nil {
		problems = append(problems, err.Error())
	}
	if n := utf8.RuneCountInString(text.Text); n == 0 || n > most {
		problems = append(problems, fmt.Sprintf("a text of %d characters, the limit is %d", n, most))
	}
	if loose.MatchString(text.Text) {
		problems = append(problems, fmt.Sprintf("a control character in %q", text.Text))
	}
	return problems
}

// lost says whether the published client reads less than was written: it knows
// what Slack knows.
func lost(written json.RawMessage, read slack.Blocks) []string {
	again, err := json.Marshal(read)
	if err != nil {
		return []string{err.Error()}
	}
	var want, have any
	if json.NewDecoder(bytes.NewReader(written)).Decode(&want) != nil || json.Unmarshal(again, &have) != nil || !reflect.DeepEqual(want, have) {
		return []string{fmt.Sprintf("the published client reads something else:\n%s\n%s", written, again)}
	}
	return nil
}
