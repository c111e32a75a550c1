// Package letter makes a mail of what state/mail says is to be mailed: subject, text and HTML, in the recipient's language, as
// RFC 5322 wants it. It has no clock and no chance: the same letter gives the same bytes.
package letter

import (
	"errors"

	"github.com/rmn-arms/campaign-engine/state/mail"
)

// ErrRecipient says that the letter's recipient is no address that a mail can be written to. It will never be.
var ErrRecipient = errors.New("the recipient's address cannot be written to")

// Sender is who the mails are from. NewSender makes one.
type Sender struct{}

// NewSender returns a sender whose mails are from a mailbox ("Campaign desk <desk@example.com>"); the domain of its address is
// also that of the Message-IDs. unsubscribeURL is where a recipient unsubscribes with one click (RFC 8058), or empty; it must be
// https, and {recipient}, {campaign_id} and {message_id} in it are filled in. Its error says which of the two is wrong.
func NewSender(from, unsubscribeURL string) (Sender, error) { return Sender{}, nil }

// Message is a mail that is ready to be sent.
type Message struct {
	ID       string // the Message-ID, without angle brackets
	From, To string // the envelope's addresses
	UTF8     bool   // an address is not ASCII: the server must offer SMTPUTF8
	Subject  string // as people see it
	Bytes    []byte // header and body, with CR LF
}

// Render writes a letter. Its error is ErrRecipient, or says what of the letter is broken; no later call will do better.
func Render(l *mail.Letter, from Sender) (Message, error) { return Message{}, ErrRecipient }
