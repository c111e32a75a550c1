package letter

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/idna"

	state "github.com/rmn-arms/campaign-engine/state/mail"
)

// What of the settings may be wrong.
var (
	ErrFrom        = errors.New(`must be a mailbox, for example "Campaign desk <desk@example.com>"`)
	ErrUnsubscribe = errors.New("must be an https URL of at most 400 characters")
	errLongURL     = errors.New("the URL to unsubscribe would be too long for a header")
)

const (
	templateMaxBytes = 400
	// urlMaxBytes leaves a header's line below RFC 5322's limit of 998 bytes: an URL cannot be folded.
	urlMaxBytes = 900
)

// placeholder is what looks like one, and placeholders takes away those that are filled in.
var (
	placeholder  = regexp.MustCompile(`\{[^{}]*\}`)
	placeholders = strings.NewReplacer("{recipient}", "", "{campaign_id}", "", "{message_id}", "")
)

// placeholderError names a placeholder that nobody fills in. It is an ErrUnsubscribe.
type placeholderError string

func (e placeholderError) Error() string {
	return fmt.Sprintf("nothing is filled in for %q; it may hold {recipient}, {campaign_id} and {message_id}", string(e))
}

// Is implements what errors.Is asks for.
func (placeholderError) Is(target error) bool { return target == ErrUnsubscribe }

// Sender is who the mails are from. NewSender makes one.
type Sender struct {
	mailbox mail.Address
	domain  string // of its address: Message-IDs have it too
	// template is where a recipient unsubscribes, or empty.
	template string
}

// NewSender returns a sender whose mails are from a mailbox ("Campaign desk <desk@example.com>"); the domain of its address is
// also that of the Message-IDs. unsubscribeURL is where a recipient unsubscribes with one click (RFC 8058), or empty; in it
// {recipient}, {campaign_id} and {message_id} are filled in, escaped. Its error is ErrFrom or ErrUnsubscribe.
func NewSender(from, unsubscribeURL string) (Sender, error) {
	mailbox, err := mail.ParseAddress(from)
	if err != nil {
		return Sender{}, ErrFrom
	}
	local, domain, _ := cutLast(mailbox.Address)
	ascii, err := idna.Lookup.ToASCII(domain)
	if mailbox.Address = local + "@" + ascii; err != nil || !addressable(mailbox.Address) {
		return Sender{}, ErrFrom
	}
	mailbox.Name = displayName(mailbox.Name)
	s := Sender{mailbox: *mailbox, domain: ascii, template: unsubscribeURL}
	if unsubscribeURL == "" {
		return s, nil
	}
	if name := placeholder.FindString(placeholders.Replace(unsubscribeURL)); name != "" {
		return Sender{}, placeholderError(name)
	}
	filled, err := s.unsubscribe(&state.Letter{Recipient: state.Contact{Email: "a@example.com"}}, "id@example.com")
	if err != nil || len(unsubscribeURL) > templateMaxBytes || !isUnsubscribe(filled) {
		return Sender{}, ErrUnsubscribe
	}
	return s, nil
}

// Address returns the envelope's address of the mails.
func (s Sender) Address() string { return s.mailbox.Address }

// isUnsubscribe says whether a text is an URL that a header can hold and RFC 8058 allows.
func isUnsubscribe(text string) bool {
	parsed, err := url.Parse(text)
	return err == nil && parsed.Scheme == "https" && parsed.Hostname() != "" && parsed.User == nil && isASCII(text) &&
		!strings.ContainsAny(text, " <>\"{}")
}

func (s Sender) unsubscribe(l *state.Letter, messageID string) (string, error) {
	filled := strings.NewReplacer("{recipient}", url.QueryEscape(l.Recipient.Email), "{campaign_id}",
		url.QueryEscape(l.Campaign.ID), "{message_id}", url.QueryEscape(messageID)).Replace(s.template)
	if len(filled) > urlMaxBytes {
		return "", fmt.Errorf("%w: %d bytes", errLongURL, len(filled))
	}
	return filled, nil
}

// cutLast cuts an address at its last @.
func cutLast(address string) (local, domain string, is bool) {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address, "", false
	}
	return address[:at], address[at+1:], true
}
