package letter

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// How many characters of a name are shown. Names come from others, and have no say over what a letter looks like.
const (
	nameMaxChars    = 200
	subjectMaxChars = 80 // of a campaign's name in a subject
	// statementIDMaxChars is that of a campaign, a slash and a version.
	statementIDMaxChars = nameMaxChars + 20
)

// isHidden says that a character has no shape of its own but does something: a control character, a line's or paragraph's
// end, what changes the direction of all that follows, or what is nothing at all. The joiners of scripts and emoji stay.
func isHidden(r rune) bool {
	switch r {
	case '\u200c', '\u200d': // zero width non-joiner and joiner
		return false
	case '\u2028', '\u2029', '\ufeff', utf8.RuneError:
		return true
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs) && !isTag(r)
}

// isTag says that a character is part of a flag such as Scotland's.
func isTag(r rune) bool { return '\U000e0020' <= r && r <= '\U000e007f' }

// clean returns a text as it may stand in a line of a letter or of its header: in one line, with single spaces, without what
// is hidden, and with at most so many characters.
func clean(text string, most int) string {
	visible := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || r == '\u2028' || r == '\u2029':
			return ' '
		case isHidden(r):
			return -1
		}
		return r
	}, text)
	visible = strings.Join(strings.Fields(visible), " ")
	// What looks like an encoded word (RFC 2047) stays as it is when it is written, and would be decoded when it is read.
	visible = strings.ReplaceAll(visible, "=?", "= ?")
	if utf8.RuneCountInString(visible) <= most {
		return visible
	}
	all := []rune(visible)
	end := most - 1
	for end > 0 && isWithin(all, end) {
		end--
	}
	return strings.TrimSpace(string(all[:end])) + "…"
}

// isWithin says that a text cannot be cut before its i-th character, since that is drawn as one with the one before it.
func isWithin(text []rune, i int) bool {
	const joiner = '\u200d'
	r := text[i]
	isTone := '\U0001f3fb' <= r && r <= '\U0001f3ff' // of a skin
	return r == joiner || text[i-1] == joiner || unicode.In(r, unicode.M) || isTag(r) || isTone
}
