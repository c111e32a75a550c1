package topics

import (
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/go-json-experiment/json/jsontext"
)

// appendCanonical appends the RFC 8785 form of a value of compact text, which lacks only the order of names (section
// 3.2.3). The recursion is as deep as the value, hence at most schemas.NestingMaxDepth.
func appendCanonical(b []byte, value string) []byte {
	switch {
	case isObject(value):
		return appendSorted(b, value)
	case isArray(value):
		b = append(b, '[')
		separator := ""
		for element := range elements(value) {
			b = appendCanonical(append(b, separator...), element)
			separator = ","
		}
		return append(b, ']')
	}
	return append(b, value...)
}

// member is a name, with its escapes, and its value.
type member struct{ name, value string }

func appendSorted(b []byte, object string) []byte {
	var few [24]member // more than any object of the contract has
	all, plain := few[:0], true
	for name, value := range members(object) {
		all = append(all, member{name, value})
		plain = plain && isPlain(name)
	}
	if plain {
		slices.SortFunc(all, func(a, b member) int { return strings.Compare(a.name, b.name) })
	} else {
		sortByCodeUnits(all)
	}
	b = append(b, '{')
	for i, m := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), m.name...), `":`...)
		b = appendCanonical(b, m.value)
	}
	return append(b, '}')
}

// isPlain says whether a name is ASCII without escapes: the order of its bytes is then that of its UTF-16 code units.
func isPlain(name string) bool {
	for i := range len(name) {
		if c := name[i]; c >= 0x80 || c == '\\' {
			return false
		}
	}
	return true
}

// sortByCodeUnits is for names of any kind. It works each name out once: a hostile object may have 100,000.
func sortByCodeUnits(all []member) {
	type keyed struct {
		units []uint16
		member
	}
	order := make([]keyed, len(all))
	for i, m := range all {
		order[i] = keyed{codeUnits(m.name), m}
	}
	slices.SortFunc(order, func(a, b keyed) int { return slices.Compare(a.units, b.units) })
	for i, k := range order {
		all[i] = k.member
	}
}

func codeUnits(name string) []uint16 {
	unquoted, err := jsontext.AppendUnquote(nil, `"`+name+`"`)
	if err != nil {
		unquoted = []byte(name) // cannot be: the name comes from valid JSON
	}
	return utf16.Encode([]rune(string(unquoted)))
}
