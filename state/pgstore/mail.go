package pgstore

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// MailState is where a mail is on its way.
type MailState string

// The states. A mail begins as waiting or skipped; sent, failed and skipped are for ever. An ambiguous one may still become sent,
// failed or waiting, by whom had it in hand and hears the server's answer after all; nobody else takes it up again.
const (
	MailWaiting   MailState = "waiting"
	MailSending   MailState = "sending" // from right before its last line until the server has answered
	MailSent      MailState = "sent"
	MailFailed    MailState = "failed"    // refused, or not taken in time
	MailSkipped   MailState = "skipped"   // what it tells was too long ago when it was made, or it is Overtaken
	MailAmbiguous MailState = "ambiguous" // nobody knows whether the server took it
)

// MailStates returns all states.
func MailStates() []MailState {
	return []MailState{MailWaiting, MailSending, MailSent, MailFailed, MailSkipped, MailAmbiguous}
}

// Mail is a mail as it is made. Key: ID.
type Mail struct {
	ID           string // follows from what it tells, its kind and its recipient
	MessageID    string // the header, without angle brackets; empty where no message was made
	CampaignID   string
	TransitionID string // what it tells of
	Kind         string
	Sender       string // the envelope's addresses
	Recipient    string
	Locale       string
	Subject      string
	NominalAt    instant.Instant // of what it tells
	MadeAt       instant.Instant // by the same clock; zero: not known
	State        MailState       // waiting, skipped or failed
	Answer       string          // of one that failed: why
	// Message is the whole of a waiting one, as it goes to the server.
	Message []byte
}

// MailRow is what is known of a campaign, in the words of who decides what is mailed. Key: CampaignID.
type MailRow struct {
	CampaignID string
	Body       []byte
	DueAt      *instant.Instant // when it is to be looked at although nothing more was read; nil: never
}

// MailBatch is what facts, or time, come to.
type MailBatch struct {
	Rows  []MailRow
	Mails []Mail
}

// MailFold decides what becomes of campaigns: it is given the bodies of the rows that there are, by campaign. It may be called
// several times for one batch, since a transaction may be made again.
type MailFold func(rows map[string][]byte) (MailBatch, error)

// MailResult says what a batch did.
type MailResult struct {
	Rows     int // campaigns that were looked at
	Waiting  int // new mails that are to be sent
	Skipped  int // new mails that are not, since they tell of something too old
	Failed   int // new mails that cannot be made
	Repeated int // mails that were there before
}

// Holds says whether the database can hold the texts as keys.
func Holds(all ...string) bool { return keys(all...) }

// addressMax bounds an envelope's address, in bytes: the longest that a definition can have, which is counted in characters, is
// shorter. No index has them.
const addressMax = 2048

// Check says why the database cannot hold the mail; nil: it can.
func (m *Mail) Check() error {
	if !keys(m.ID, m.CampaignID, m.TransitionID, m.Kind) || !texts(m.MessageID, m.Locale) || !addresses(m.Sender, m.Recipient) {
		return fmt.Errorf("mail of %s: it needs its id, campaign, transition and kind, texts of at most %d bytes, and addresses of "+
			"at most %d", m.CampaignID, textMax, addressMax)
	}
	begins := slices.Contains([]MailState{MailWaiting, MailSkipped, MailFailed}, m.State)
	if !begins || (m.State == MailWaiting) != (m.Message != nil) {
		return fmt.Errorf("mail of %s: it begins as waiting with a message, or without one as skipped or failed", m.CampaignID)
	}
	return nil
}

// Fitted returns the mail as the database can hold it: texts that are for people's eyes are cut, or mended. A waiting one whose
// addresses would have to be has failed: it would go to somebody else.
func (m Mail) Fitted() Mail {
	if m.State == MailWaiting && !addresses(m.Sender, m.Recipient) {
		m.State, m.MessageID, m.Message = MailFailed, "", nil
		m.Answer = fmt.Sprintf("the addresses cannot be kept as they are: they have %d and %d bytes; at most %d, in UTF-8, can be",
			len(m.Sender), len(m.Recipient), addressMax)
	}
	m.Sender, m.Recipient, m.Locale = cutText(m.Sender, addressMax), cutText(m.Recipient, addressMax), cutText(m.Locale, textMax)
	return m
}

// addresses reports whether the database can hold the addresses as they are.
func addresses(all ...string) bool {
	return !slices.ContainsFunc(all, func(text string) bool { return cutText(text, addressMax) != text })
}

func cutText(text string, most int) string {
	text = printable(text)
	for len(text) > most {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return text
}
