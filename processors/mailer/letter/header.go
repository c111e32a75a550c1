package letter

import (
	"bytes"
	"net/mail"
	"regexp"
	"strings"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"
)

// How long a word of a header may be, so that no line is longer than 76 characters (RFC 2047, section 2).
const (
	firstWordMax = 60 // behind the header's name: go-mail would begin a new line before a longer one
	nextWordMax  = 72
)

// setMailbox sets From or To. An address that is not ASCII stands in a header as it is (RFC 6532): of go-mail's ways that for
// addresses alone writes it so.
func setMailbox(msg *gomail.Msg, header gomail.AddrHeader, name, address string) {
	box := &mail.Address{Name: name, Address: address}
	if !isASCII(address) {
		msg.SetAddrHeaderFromMailAddress(header, box)
		return
	}
	bare := (&mail.Address{Address: address}).String()
	value := box.String()
	if before, found := strings.CutSuffix(value, bare); found && name != "" && !isPlain(before) {
		value = encoded(name) + " " + bare
	}
	msg.SetGenHeader(gomail.Header(header), value)
}

// headerText returns a text as it may stand in a header.
func headerText(text string) string {
	if isPlain(text) {
		return text
	}
	return encoded(text)
}

// isPlain says that a text can stand in a header as it is, and that there are spaces enough in it to fold it at.
func isPlain(text string) bool {
	for word := range strings.SplitSeq(text, " ") {
		if len(word) > firstWordMax || strings.Contains(word, "=?") {
			return false
		}
	}
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
}

// encoded writes a text as encoded words (RFC 2047), each of whole characters, with spaces between, which do not count. mime's
// encoder makes the first word too long to stand behind a header's name.
func encoded(text string) string {
	const begin, end = "=?utf-8?q?", "?="
	var out strings.Builder
	out.WriteString(begin)
	left := firstWordMax - len(begin+end)
	for _, r := range text {
		char := quoted(r)
		if len(char) > left {
			out.WriteString(end + " " + begin)
			left = nextWordMax - len(begin+end)
		}
		out.WriteString(char)
		left -= len(char)
	}
	return out.String() + end
}

// quoted writes a character as it may stand in an encoded word anywhere, before an address too (RFC 2047, section 5 (3)).
func quoted(r rune) string {
	const hex = "0123456789ABCDEF"
	switch {
	case r == ' ':
		return "_"
	case '0' <= r && r <= '9', 'A' <= r && r <= 'Z', 'a' <= r && r <= 'z', strings.ContainsRune("!*+-/", r):
		return string(r)
	}
	var out []byte
	for _, b := range utf8.AppendRune(nil, r) {
		out = append(out, '=', hex[b>>4], hex[b&0xf])
	}
	return string(out)
}

// emptyFirstLine is the name of a header that go-mail writes in a line of its own, since the first word of its value is long.
var emptyFirstLine = regexp.MustCompile(`(?m)^([A-Za-z-]+:)\r\n +`)

// withFullLines returns a mail of which each header begins in the line of its name: some filters take a header whose first line
// is empty for a broken one. What is then too long for 76 characters is one word, which cannot be broken: an id, an address or an
// URL.
func withFullLines(message []byte) []byte {
	end := bytes.Index(message, []byte("\r\n\r\n"))
	if end < 0 {
		return message
	}
	head := emptyFirstLine.ReplaceAll(message[:end], []byte("$1 "))
	return append(head, message[end:]...)
}
