package processors_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// script is a scenario: steps in their order. testdata/scenarios/README.md is the page of its language.
type script struct {
	path  string
	lines []string
	steps []*step
}

// step is one verb with its arguments and the indented lines below it.
type step struct {
	line  int // of the verb, from 1
	verb  string
	given []string          // arguments without a name
	named map[string]string // name=value arguments
	block []string          // the lines below, without their indent

	// rewritten are the lines that replace the step's own when the scripts are rewritten; nil keeps them.
	rewritten []string
}

// readScript reads a file. Its errors begin with file:line.
func readScript(path string) (*script, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading a script: %w", err)
	}
	s := &script{path: path, lines: strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")}
	for i, line := range s.lines {
		if err := s.take(i+1, line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, i+1, err)
		}
	}
	return s, nil
}

// take reads one line: a comment, a verb, or, when indented, something that belongs to the verb above.
func (s *script) take(number int, line string) error {
	switch text := strings.TrimSpace(line); {
	case text == "" || line[0] == '#':
		return nil
	case line[0] != ' ':
		next, err := parseStep(number, line)
		s.steps = append(s.steps, next)
		return err
	case len(s.steps) == 0 || !s.steps[len(s.steps)-1].endsAbove(number):
		return fmt.Errorf("reading a block: nothing above it takes indented lines")
	default:
		above := s.steps[len(s.steps)-1]
		above.block = append(above.block, text)
		return nil
	}
}

// endsAbove says whether the step's lines end right above a line.
func (s *step) endsAbove(number int) bool { return s.line+len(s.block)+1 == number }

func parseStep(number int, line string) (*step, error) {
	words, err := splitWords(line)
	if err != nil {
		return nil, err
	}
	s := &step{line: number, verb: words[0], named: make(map[string]string)}
	for _, word := range words[1:] {
		name, value, is := strings.Cut(word, "=")
		if !is {
			s.given = append(s.given, word)
			continue
		}
		if _, twice := s.named[name]; twice {
			return nil, fmt.Errorf("reading arguments: %s= is given twice", name)
		}
		s.named[name] = value
	}
	return s, nil
}

// splitWords splits at spaces. Within a word, 'text' is taken as it stands and "text" as Go reads it.
func splitWords(line string) ([]string, error) {
	var words []string
	for rest := strings.TrimLeft(line, " "); rest != ""; rest = strings.TrimLeft(rest, " ") {
		word := ""
		for rest != "" && rest[0] != ' ' {
			piece, length, err := readPiece(rest)
			if err != nil {
				return nil, err
			}
			word += piece
			rest = rest[length:]
		}
		words = append(words, word)
	}
	return words, nil
}

// readPiece reads a quoted text or the plain text up to the next quote or space, and says how long it is.
func readPiece(text string) (piece string, length int, err error) {
	switch text[0] {
	case '\'':
		inner, _, closed := strings.Cut(text[1:], "'")
		if !closed {
			return "", 0, fmt.Errorf("reading a word: ' is not closed")
		}
		return inner, len(inner) + 2, nil
	case '"':
		quoted, err := strconv.QuotedPrefix(text)
		if err != nil {
			return "", 0, fmt.Errorf("reading a word: %w", err)
		}
		inner, err := strconv.Unquote(quoted)
		return inner, len(quoted), err
	}
	if end := strings.IndexAny(text, ` '"`); end >= 0 {
		return text[:end], end, nil
	}
	return text, len(text), nil
}

// rewrite writes the file with the steps' rewritten lines in the place of their own.
func (s *script) rewrite() error {
	var out []string
	at := 0
	for _, step := range s.steps {
		if step.rewritten == nil {
			continue
		}
		out = append(append(out, s.lines[at:step.line-1]...), step.rewritten...)
		at = step.line + len(step.block)
	}
	out = append(out, s.lines[at:]...)
	if err := os.WriteFile(s.path, []byte(strings.Join(out, "\n")+"\n"), 0o644); err != nil {
		return fmt.Errorf("rewriting a script: %w", err)
	}
	return nil
}

// check refuses arguments that the verb does not know. A name that ends in a colon stands for all that begin with it.
func (s *step) check(givenMin, givenMax int, names ...string) error {
	if count := len(s.given); count < givenMin || count > givenMax {
		return fmt.Errorf("reading %s: it takes %d to %d plain arguments, not %d", s.verb, givenMin, givenMax, count)
	}
	for name := range s.named {
		known := slices.ContainsFunc(names, func(each string) bool {
			return each == name || strings.HasSuffix(each, ":") && strings.HasPrefix(name, each)
		})
		if !known {
			return fmt.Errorf("reading %s: it does not know %s=", s.verb, name)
		}
	}
	return nil
}

// empty refuses a block.
func (s *step) empty() error {
	if len(s.block) > 0 {
		return fmt.Errorf("reading %s: it takes no indented lines", s.verb)
	}
	return nil
}
