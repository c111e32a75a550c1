package topics

import (
	"slices"
	"strings"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// scanner finds the spans of all values in a JSON text, in one pass. By itself it takes only what is valid and already in
// RFC 8785's notation, as nearly every event is: no escapes, no numbers but short integers, no more than namesMax members
// in an object. What it does not take may well be in order; the library reads that, and says what is wrong if it is not.
type scanner struct {
	text   string
	spans  []span
	odd    bool // a name is not plain
	oddEnd int  // offset behind the last string that is not plain
	spaced bool // there is white space
	// formatted says that the text was checked and is in the notation: it is then taken whatever it holds.
	formatted bool
}

const (
	// lost stands for an offset where the scanner does not go on.
	lost = -1
	// namesMax is more than any object of the contract has.
	namesMax = 24
	// integerMaxDigits makes a number that every notation writes alike: it is below 2^53.
	integerMaxDigits = 15
)

// scan says whether it took the whole text.
func (s *scanner) scan() bool {
	end := s.value(s.space(0), schemas.NestingMaxDepth)
	return end != lost && s.space(end) == len(s.text)
}

// value takes the value that begins at an offset, in which objects and arrays may nest so many deep, and returns the
// offset behind it.
func (s *scanner) value(at, depth int) int {
	switch c := s.byteAt(at); {
	case c == '"':
		return s.leaf(at, s.endOfString(at))
	case c == '{' && depth > 0:
		return s.object(at, depth-1)
	case c == '[' && depth > 0:
		return s.array(at, depth-1)
	case c == 't':
		return s.literal(at, "true")
	case c == 'f':
		return s.literal(at, "false")
	case c == 'n':
		return s.literal(at, null)
	default:
		return s.leaf(at, s.endOfNumber(at))
	}
}

func (s *scanner) object(at, depth int) int {
	var keys [namesMax]uint64
	self := s.open(at)
	if at = s.space(at + 1); s.byteAt(at) == '}' {
		return s.close(self, at+1)
	}
	for count := 0; ; count++ {
		end := s.name(at, self, &keys, count)
		if end == lost {
			return lost
		}
		if end = s.space(end); s.byteAt(end) != ':' {
			return lost
		}
		if end = s.value(s.space(end+1), depth); end == lost {
			return lost
		}
		end = s.space(end)
		switch s.byteAt(end) {
		case ',':
			at = s.space(end + 1)
		case '}':
			return s.close(self, end+1)
		default:
			return lost
		}
	}
}

func (s *scanner) array(at, depth int) int {
	self := s.open(at)
	if at = s.space(at + 1); s.byteAt(at) == ']' {
		return s.close(self, at+1)
	}
	for {
		if at = s.value(at, depth); at == lost {
			return lost
		}
		at = s.space(at)
		switch s.byteAt(at) {
		case ',':
			at = s.space(at + 1)
		case ']':
			return s.close(self, at+1)
		default:
			return lost
		}
	}
}

// name takes the name of member number count of an object; the keys are those of the members before it.
func (s *scanner) name(at, object int, keys *[namesMax]uint64, count int) int {
	if s.byteAt(at) != '"' {
		return lost
	}
	end := s.endOfString(at)
	if end == lost {
		return lost
	}
	s.odd = s.odd || end == s.oddEnd
	key := s.nameKey(at+1, end-1)
	if !s.formatted {
		if count == namesMax {
			return lost
		}
		if slices.Contains(keys[:count], key) && s.isNamed(object, s.text[at:end]) {
			return lost
		}
		keys[count] = key
	}
	s.leaf(at, end)
	s.spans[len(s.spans)-1].key = key
	return end
}

// isNamed says whether one of the members of an object that have been taken has a name.
func (s *scanner) isNamed(object int, quoted string) bool {
	for at := object + 1; at < len(s.spans); at = int(s.spans[at+1].next) {
		if s.text[s.spans[at].begin:s.spans[at].end] == quoted {
			return true
		}
	}
	return false
}

// open notes the beginning of an object or array and returns its span.
func (s *scanner) open(at int) int {
	s.spans = append(s.spans, span{begin: uint32(at)})
	return len(s.spans) - 1
}

func (s *scanner) close(self, end int) int {
	s.spans[self].end, s.spans[self].next = uint32(end), uint32(len(s.spans))
	return end
}

func (s *scanner) leaf(at, end int) int {
	if end != lost {
		s.spans = append(s.spans, span{begin: uint32(at), end: uint32(end), next: uint32(len(s.spans) + 1)})
	}
	return end
}

func (s *scanner) literal(at int, word string) int {
	end := at + len(word)
	if end > len(s.text) || s.text[at:end] != word {
		return lost
	}
	return s.leaf(at, end)
}

// byteAt returns the byte at an offset, or 0 behind the text.
func (s *scanner) byteAt(at int) byte {
	if at < len(s.text) {
		return s.text[at]
	}
	return 0
}

func (s *scanner) space(at int) int {
	if at < len(s.text) && s.text[at] <= ' ' {
		return s.skipSpace(at)
	}
	return at
}

func (s *scanner) skipSpace(at int) int {
	s.spaced = true
	for at < len(s.text) && strings.IndexByte(" \t\r\n", s.text[at]) >= 0 {
		at++
	}
	return at
}
