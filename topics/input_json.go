package topics

import (
	"errors"
	"io"
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// compactText checks that value is one JSON text (RFC 8259, and I-JSON's RFC 7493: UTF-8, no name twice in an object)
// and returns it without white space and with one notation for each string and number, RFC 8785's. That is the
// canonical form but for the order of names, which appendCanonical makes. A number beyond IEEE 754's double, such as
// 1E+999999999, becomes the largest double; every limit refuses that.
func compactText(value []byte) (string, *Refusal) {
	if len(value) == 0 {
		return "", refuse(schemas.Malformed, "value", "must not be empty")
	}
	var compact string
	var err error
	withScratch(func(scratch []byte) []byte {
		form := jsontext.Value(append(scratch, value...))
		err = form.Format(jsontext.CanonicalizeRawInts(true), jsontext.CanonicalizeRawFloats(true))
		if err == nil {
			compact = string(form)
		}
		return form
	})
	if err != nil {
		return "", refuse(schemas.Malformed, "value", brokenRule(value, err))
	}
	return compact, nil
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

// The functions below walk compact text. There a byte of syntax is where it must be, so a walk needs no errors;
// on any other text they still end and stay within it.

// members yields the names and values of an object in compact text, and nothing for any other value. A name that
// needs escapes is yielded with them: no name known here does.
func members(object string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		if !isObject(object) {
			return
		}
		for at := 1; at < len(object)-1; at++ { // skips the comma
			nameEnd := endOfValue(object, at)
			valueEnd := endOfValue(object, nameEnd+1)
			if valueEnd <= nameEnd+1 || nameEnd < at+2 {
				return
			}
			if !yield(object[at+1:nameEnd-1], object[nameEnd+1:valueEnd]) {
				return
			}
			at = valueEnd
		}
	}
}

// elements yields the values of an array in compact text.
func elements(array string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for at := 1; at < len(array)-1; at++ { // skips the comma
			end := endOfValue(array, at)
			if end <= at || !yield(array[at:end]) {
				return
			}
			at = end
		}
	}
}

// endOfValue returns the offset behind the value that begins at an offset of compact text.
func endOfValue(document string, at int) int {
	depth := 0
	for at < len(document) {
		switch document[at] {
		case '"':
			at = endOfString(document, at)
		case '{', '[':
			depth++
			at++
		case '}', ']':
			depth--
			at++
		default:
			at++
			if depth == 0 {
				return endOfScalar(document, at)
			}
		}
		if depth <= 0 {
			return at
		}
	}
	return len(document)
}

func endOfString(document string, at int) int {
	for at++; at < len(document); at++ {
		switch document[at] {
		case '\\':
			at++
		case '"':
			return at + 1
		}
	}
	return len(document)
}

func endOfScalar(document string, at int) int {
	for ; at < len(document); at++ {
		if c := document[at]; c == ',' || c == '}' || c == ']' || c == ':' {
			break
		}
	}
	return at
}

func isObject(value string) bool { return strings.HasPrefix(value, "{") && len(value) >= 2 }

func isArray(value string) bool { return strings.HasPrefix(value, "[") && len(value) >= 2 }

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
