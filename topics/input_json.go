package topics

import (
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// format checks that value is one JSON text (RFC 8259, and I-JSON's RFC 7493: UTF-8, no name twice in an object) and returns
// it as compact text: without white space and with one notation for each string and number, RFC 8785's. That is the
// canonical form but for the order of names. A number beyond IEEE 754's double, such as 1E+999999999, becomes the largest
// double; every limit refuses that.
func (s *scratch) format(value []byte) (string, *Refusal) {
	if len(value) == 0 {
		return "", refuse(schemas.Malformed, "value", "must not be empty")
	}
	form := jsontext.Value(append(s.form[:0], value...))
	err := form.Format(jsontext.CanonicalizeRawInts(true), jsontext.CanonicalizeRawFloats(true))
	s.form = form
	if err != nil {
		return "", refuse(schemas.Malformed, "value", brokenRule(value, err))
	}
	return string(form), nil
}

// readDocument checks a value as checkDepth and format do, and finds what is in it.
func (s *scratch) readDocument(value []byte) (part, *Refusal) {
	if s.takePlain(string(value)) {
		return s.whole(), nil
	}
	return s.readFormatted(value)
}

// readCompact is readDocument for a document that is to be compact text.
func (s *scratch) readCompact(value []byte) (part, *Refusal) {
	if s.takePlain(string(value)) && !s.spaced {
		return s.whole(), nil
	}
	return s.readFormatted(value)
}

// readFormatted is readDocument without the short way.
func (s *scratch) readFormatted(value []byte) (part, *Refusal) {
	if refusal := checkDepth(value); refusal != nil {
		return part{}, refusal
	}
	text, refusal := s.format(value)
	if refusal != nil {
		return part{}, refusal
	}
	s.takeFormatted(text)
	return s.whole(), nil
}

// brokenRule names the rule without the parser's own words, which quote the payload.
func brokenRule(value []byte, err error) string {
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return "must not name a member twice in one object"
	case !utf8.Valid(value):
		return "must be valid UTF-8"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "must be a whole JSON text (RFC 8259)"
	}
	return "must be one JSON text (RFC 8259, RFC 7493)"
}

func isObject(value string) bool { return strings.HasPrefix(value, "{") && len(value) >= 2 }

// text returns the meaning of a JSON string in compact text, and whether the value is one.
func text(value string) (string, bool) {
	if len(value) < 2 || value[0] != '"' {
		return "", false
	}
	if inner := value[1 : len(value)-1]; strings.IndexByte(inner, '\\') < 0 {
		return inner, true
	}
	unquoted, err := jsontext.AppendUnquote(nil, value)
	return string(unquoted), err == nil
}
