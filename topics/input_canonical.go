package topics

import (
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/go-json-experiment/json/jsontext"
)

// appendCanonical appends the RFC 8785 form of a value, which lacks only the order of names (section 3.2.3) and may have
// white space. The recursion is as deep as the value, hence at most schemas.NestingMaxDepth.
func (p part) appendCanonical(b []byte) []byte { return p.document.appendCanonical(b, p.at) }

func (d *document) appendCanonical(b []byte, at int) []byte {
	text := d.textOf(at)
	switch text[0] {
	case '{':
		return d.appendSorted(b, at)
	case '[':
		b = append(b, '[')
		end := int(d.spans[at].next)
		for at++; at < end; at = int(d.spans[at].next) {
			b = append(d.appendCanonical(b, at), ',')
		}
		return closed(b, ']')
	}
	return append(b, text...)
}

// closed ends an array or an object: its bracket takes the place of the comma behind the last element, if there is one.
func closed(b []byte, bracket byte) []byte {
	if last := len(b) - 1; b[last] == ',' {
		b[last] = bracket
		return b
	}
	return append(b, bracket)
}

// member is the place of a name, its value behind it.
type member struct {
	key uint64 // see nameKey
	at  int
}

func (d *document) appendSorted(b []byte, at int) []byte {
	var few [namesMax]member
	all := few[:0]
	end := int(d.spans[at].next)
	for at++; at < end; at = int(d.spans[at+1].next) {
		all = append(all, member{d.spans[at].key, at})
	}
	d.sort(all)
	b = append(b, '{')
	for _, m := range all {
		b = append(append(b, d.textOf(m.at)...), ':')
		b = append(d.appendCanonical(b, m.at+1), ',')
	}
	return closed(b, '}')
}

// sort orders members by the UTF-16 code units of their names. For plain names that is the order of their bytes.
func (d *document) sort(all []member) {
	switch {
	case d.odd:
		d.sortByCodeUnits(all)
	case len(all) > namesMax:
		slices.SortFunc(all, func(a, b member) int { return strings.Compare(d.name(a.at), d.name(b.at)) })
	default:
		for i := range all {
			for j := i; j > 0 && d.before(all[j], all[j-1]); j-- {
				all[j], all[j-1] = all[j-1], all[j]
			}
		}
	}
}

func (d *document) before(a, b member) bool {
	if a.key != b.key {
		return a.key < b.key
	}
	return d.name(a.at) < d.name(b.at)
}

// sortByCodeUnits is for names of any kind. It works each name out once: a hostile object may have 100,000.
func (d *document) sortByCodeUnits(all []member) {
	type keyed struct {
		units []uint16
		member
	}
	order := make([]keyed, len(all))
	for i, m := range all {
		order[i] = keyed{codeUnits(d.name(m.at)), m}
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
