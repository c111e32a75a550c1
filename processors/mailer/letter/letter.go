// Package letter makes a mail of what state/mail says is to be mailed: subject, text and HTML, in the recipient's language, as
// RFC 5322 wants it. It has no clock and no chance: the same letter gives the same bytes.
package letter

import (
	"bytes"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	state "github.com/rmn-arms/campaign-engine/state/mail"
)

// ErrRecipient says that the letter's recipient is no address that a mail can be written to. It will never be.
var ErrRecipient = errors.New("the recipient's address cannot be written to")

// Message is a mail that is ready to be sent.
type Message struct {
	ID       string // the Message-ID, without angle brackets
	From, To string // the envelope's addresses
	UTF8     bool   // an address is not ASCII: the server must offer SMTPUTF8 (RFC 6531)
	Subject  string // as people see it
	Bytes    []byte // header and body, with CR LF
}

// Render writes a letter. Its error is ErrRecipient, or says what of the letter is broken; no later call will do better.
func Render(l *state.Letter, from Sender) (Message, error) {
	if !addressable(l.Recipient.Email) {
		return Message{}, ErrRecipient
	}
	m := Message{ID: l.ID() + "@" + from.domain, From: from.mailbox.Address, To: l.Recipient.Email}
	m.UTF8 = !isASCII(m.From) || !isASCII(m.To)
	unsubscribe, err := from.unsubscribe(l, m.ID)
	if err != nil {
		return Message{}, err
	}
	p := pageOf(l, languageOf(l.Recipient.Locale), unsubscribe)
	m.Subject = p.Subject
	text, html, err := p.render()
	if err != nil {
		return Message{}, fmt.Errorf("rendering letter %s: %w", l.ID(), err)
	}
	m.Bytes, err = compose(&m, l, from, unsubscribe, text, html)
	if err != nil {
		return Message{}, fmt.Errorf("composing letter %s: %w", l.ID(), err)
	}
	return m, nil
}

// compose puts header and body together.
func compose(m *Message, l *state.Letter, from Sender, unsubscribe, text, html string) ([]byte, error) {
	// The boundary is a token of RFC 2045, since it is not quoted; lines of a quoted-printable body do not begin like it.
	msg := gomail.NewMsg(gomail.WithCharset(gomail.CharsetUTF8), gomail.WithEncoding(gomail.EncodingQP),
		gomail.WithBoundary("alternative-"+l.ID()), gomail.WithNoDefaultUserAgent())
	setMailbox(msg, gomail.HeaderFrom, from.mailbox.Name, m.From)
	setMailbox(msg, gomail.HeaderTo, displayName(l.Recipient.Name), m.To)
	msg.Subject(headerText(m.Subject))
	msg.SetDateWithValue(l.DecidedAt.Time())
	msg.SetMessageIDWithValue(m.ID)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's absence is to be answered
	if unsubscribe != "" {
		msg.SetGenHeader(gomail.HeaderListUnsubscribe, "<"+unsubscribe+">")
		msg.SetGenHeader(gomail.HeaderListUnsubscribePost, "List-Unsubscribe=One-Click")
	}
	msg.SetBodyString(gomail.TypeTextPlain, text)
	msg.AddAlternativeString(gomail.TypeTextHTML, html)
	var written bytes.Buffer
	_, err := msg.WriteTo(&written)
	return withFullLines(written.Bytes()), err
}

// displayName returns a name as it may stand before an address. net/mail (Go 1.26) writes a backslash as it is where the name is
// not ASCII, and what comes out cannot be read: RFC 2047, section 5 (3) does not allow it there.
func displayName(name string) string {
	return strings.ReplaceAll(clean(name, nameMaxChars), `\`, "/")
}

// addressable says whether an address can stand in a header and in the envelope as it is, with a domain in ASCII.
func addressable(email string) bool {
	at := strings.LastIndexByte(email, '@')
	if at < 0 || !isASCII(email[at:]) || strings.ContainsFunc(email, isHidden) {
		return false
	}
	parsed, err := mail.ParseAddress("<" + email + ">")
	return err == nil && parsed.Address == email
}

func isASCII(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}
