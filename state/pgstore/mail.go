package pgstore

import (
	"fmt"

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
	MailSkipped   MailState = "skipped"   // what it tells was too long ago when it was made
	MailAmbiguous MailState = "ambiguous" // nobody knows whether the server took it
)

// MailStates returns all states.
func MailStates() []MailState {
	return []MailState{MailWaiting, MailSending, MailSent, MailFailed, MailSkipped, MailAmbiguous}
}

// Mail is a mail as it is made. Key: MessageID.
type Mail struct {
	MessageID    string // without its angle brackets
	CampaignID   string
	TransitionID string // what it tells of
	Kind         string
	Recipient    string // an address
	Locale       string
	Subject      string
	NominalAt    instant.Instant // of what it tells
	// Message is the whole of it, as it goes to the server; nil: it is skipped.
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
	Skipped  int // new mails that are not
	Repeated int // mails that were there before
}

// Check says why the database cannot hold the mail; nil: it can.
func (m *Mail) Check() error {
	if !keys(m.MessageID, m.CampaignID, m.TransitionID, m.Kind) || !texts(m.Recipient, m.Locale) {
		return fmt.Errorf("mail of %s: it needs its id, campaign, transition and kind, and texts of at most %d bytes", m.CampaignID, textMax)
	}
	return nil
}

func (m *Mail) state() MailState {
	if m.Message == nil {
		return MailSkipped
	}
	return MailWaiting
}
