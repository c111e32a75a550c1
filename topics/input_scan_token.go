package topics

import (
	"math/bits"
	"unicode/utf8"
)

// endOfNumber takes a number that begins at an offset.
func (s *scanner) endOfNumber(at int) int {
	if s.formatted {
		for at < len(s.text) && s.text[at] != ',' && s.text[at] != '}' && s.text[at] != ']' {
			at++
		}
		return at
	}
	negative := s.byteAt(at) == '-'
	if negative {
		at++
	}
	begin := at
	for at < len(s.text) && s.text[at] >= '0' && s.text[at] <= '9' {
		at++
	}
	digits := at - begin
	switch {
	case digits == 0 || digits > integerMaxDigits:
		return lost
	case s.text[begin] == '0' && (digits > 1 || negative): // -0 is written as 0
		return lost
	}
	return at
}

// endOfString takes the string whose first quote is at an offset.
func (s *scanner) endOfString(at int) int {
	end := at + 1
	for end+8 <= len(s.text) {
		special := specials(littleEndian(s.text[end : end+8]))
		if special != 0 {
			end += bits.TrailingZeros64(special) / 8
			break
		}
		end += 8
	}
	for end < len(s.text) && isPlainByte(s.text[end]) { // at most seven, at the end of the text
		end++
	}
	if s.byteAt(end) == '"' {
		return end + 1
	}
	return s.endOfOddString(at, end)
}

// specials marks, in the highest bit of each, the bytes of a word for which isPlainByte does not hold. The first mark is
// right; behind it there may be some too many.
// Source: Hacker's Delight, section 6-1, "Find First 0-Byte".
func specials(word uint64) uint64 {
	const each = 0x0101010101010101
	quote, backslash := word^'"'*each, word^'\\'*each
	return (word | (word-' '*each)&^word | (quote-each)&^quote | (backslash-each)&^backslash) & (0x80 * each)
}

// isPlainByte says whether a byte of a string is ASCII and stands for itself.
func isPlainByte(c byte) bool { return c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' }

// endOfOddString takes a string that goes on, at an offset, with something that is not plain.
func (s *scanner) endOfOddString(begin, at int) int {
	for ; at < len(s.text); at++ {
		switch c := s.text[at]; {
		case c == '"':
			if !s.formatted && !utf8.ValidString(s.text[begin:at]) {
				return lost
			}
			s.oddEnd = at + 1
			return s.oddEnd
		case c == '\\' && s.formatted:
			at++
		case c == '\\' || c < ' ':
			return lost
		}
	}
	return lost
}

// nameKey returns the first eight bytes of a name as a number: names whose keys differ are in the order of their keys.
func (s *scanner) nameKey(begin, end int) (key uint64) {
	if begin+8 > len(s.text) { // cannot be in an event, where more than that stands behind the last name
		for at := begin; at < end; at++ {
			key |= uint64(s.text[at]) << (56 - 8*(at-begin))
		}
		return key
	}
	beyond := 64 - 8*min(end-begin, 8)
	return bits.ReverseBytes64(littleEndian(s.text[begin:begin+8])) >> beyond << beyond
}

// littleEndian returns eight bytes as a number; the compiler makes one load of it.
func littleEndian(s string) uint64 {
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}
