package topics

import (
	"iter"
	"strings"
)

// document is a JSON text with the spans of all values in it: it is gone over once, and then no more to find the end of
// something. Its strings, numbers and literals stand in RFC 8785's notation; white space and the order of names are free.
type document struct {
	text   string
	spans  []span // in the order of the text; a member's name comes right before its value
	odd    bool   // a name has an escape or is not ASCII
	spaced bool   // there is white space
}

// span is where a value, or a member's name, stands.
type span struct {
	key        uint64 // of a name, see nameKey
	begin, end uint32 // offsets in the text, of a string with its quotes
	next       uint32 // index of the span behind this one and all that is in it
}

// part is a value in a document. The zero part is none.
type part struct {
	text     string // as it stands in the document
	document *document
	at       int // index of its span
}

// takePlain sets the document to a text of the kind that a scanner takes by itself, else it returns false.
func (d *document) takePlain(text string) bool {
	return d.take(scanner{text: text, spans: d.spans[:0]})
}

// takeFormatted sets the document to compact text.
func (d *document) takeFormatted(text string) {
	d.take(scanner{text: text, spans: d.spans[:0], formatted: true})
}

func (d *document) take(s scanner) bool {
	taken := s.scan()
	if !taken {
		s.spans = s.spans[:0]
	}
	d.text, d.spans, d.odd, d.spaced = s.text, s.spans, s.odd, s.spaced
	return taken
}

// whole returns the value that the document is; none of a text that was not taken.
func (d *document) whole() part {
	if len(d.spans) == 0 {
		return part{}
	}
	return d.part(0)
}

func (d *document) part(at int) part {
	return part{text: d.textOf(at), document: d, at: at}
}

// textOf returns the text of a span.
func (d *document) textOf(at int) string { return d.text[d.spans[at].begin:d.spans[at].end] }

// name returns a member's name without its quotes. Escapes stay: no name known here needs one.
func (d *document) name(at int) string { return d.text[d.spans[at].begin+1 : d.spans[at].end-1] }

// end returns the index of the span behind the part and all that is in it.
func (p part) end() int { return int(p.document.spans[p.at].next) }

// members yields the names and values of an object, and nothing for any other value.
func (p part) members() iter.Seq2[string, part] {
	return func(yield func(string, part) bool) {
		if !p.isObject() {
			return
		}
		for at, end := p.at+1, p.end(); at < end; {
			value := p.document.part(at + 1)
			if !yield(p.document.name(at), value) {
				return
			}
			at = value.end()
		}
	}
}

// elements yields the values of an array, and nothing for any other value.
func (p part) elements() iter.Seq[part] {
	return func(yield func(part) bool) {
		if !p.isArray() {
			return
		}
		for at, end := p.at+1, p.end(); at < end; {
			element := p.document.part(at)
			if !yield(element) {
				return
			}
			at = element.end()
		}
	}
}

// count returns the number of elements of an array.
func (p part) count() (count int) {
	for range p.elements() {
		count++
	}
	return count
}

func (p part) isObject() bool { return strings.HasPrefix(p.text, "{") }

func (p part) isArray() bool { return strings.HasPrefix(p.text, "[") }
