package topics

import (
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/go-json-experiment/json/jsontext"
)

// appendCanonical appends the RFC 8785 form of the value that begins at an offset of compact text, which lacks only the
// order of names (section 3.2.3), and returns the offset behind the value. It goes over the text once. The recursion
// is as deep as the value, hence at most schemas.NestingMaxDepth.
func appendCanonical(b []byte, document string, at int) ([]byte, int) {
	if at >= len(document) {
		return b, at
	}
	switch document[at] {
	case '{':
		return appendSorted(b, document, at)
	case '[':
		b = append(b, '[')
		for at++; at < len(document) && document[at] != ']'; {
			b, at = appendCanonical(b, document, at)
			b, at = appendComma(b, document, at)
		}
		return append(b, ']'), at + 1
	}
	end := endOfValue(document, at)
	return append(b, document[at:end]...), end
}

func appendComma(b []byte, document string, at int) ([]byte, int) {
	if at < len(document) && document[at] == ',' {
		return append(b, ','), at + 1
	}
	return b, at
}

// member is a name, with its escapes, and where the member was written to.
type member struct {
	name       string
	begin, end int
}

// appendSorted writes the members as they come, and where that is not their order, once more behind themselves.
func appendSorted(b []byte, document string, at int) ([]byte, int) {
	var few [24]member // more than any object of the contract has
	all := few[:0]
	b = append(b, '{')
	first := len(b)
	for at++; at < len(document) && document[at] != '}'; {
		begin, nameEnd := len(b), endOfString(document, at)
		name := document[at+1 : nameEnd-1]
		b, at = appendCanonical(append(append(b, document[at:nameEnd]...), ':'), document, nameEnd+1)
		all = append(all, member{name, begin, len(b)})
		b, at = appendComma(b, document, at)
	}
	if !sortMembers(all) {
		written := len(b)
		for i, m := range all {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, b[m.begin:m.end]...)
		}
		b = b[:first+copy(b[first:], b[written:])]
	}
	return append(b, '}'), at + 1
}

// sortMembers orders members by the UTF-16 code units of their names. It says whether they were in order.
func sortMembers(all []member) bool {
	plain, sorted := true, true
	for i, m := range all {
		plain = plain && isPlain(m.name)
		sorted = sorted && (i == 0 || all[i-1].name < m.name)
	}
	switch {
	case !plain:
		sortByCodeUnits(all)
		return false
	case !sorted:
		slices.SortFunc(all, func(a, b member) int { return strings.Compare(a.name, b.name) })
	}
	return sorted
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
