package config

import (
	"errors"
	"fmt"
	"time"

	"github.com/rmn-arms/campaign-engine/processors/mailer/letter"
	"github.com/rmn-arms/campaign-engine/processors/mailer/post"
)

// Mails are the switches about mails to campaigns' contacts.
type Mails struct {
	SMTPURL            SMTPURL       `name:"smtp-url" env:"CAMPAIGN_SMTP_URL" placeholder:"URL" help:"Mail server: smtp://USER:PASSWORD@HOST:PORT, where TLS is begun by STARTTLS, or smtps://…; ?tls=none sends without; better by the variable, which no list of processes shows (default: mails are kept as .eml files in the data folder)."`
	MailFrom           string        `name:"mail-from" env:"CAMPAIGN_MAIL_FROM" placeholder:"MAILBOX" help:"Who mails are from: Campaigns <campaigns@example.com> (default: the login at the mail server where that is an address, else campaigns@HOST of the server)."`
	MailRate           float64       `name:"mail-rate" env:"CAMPAIGN_MAIL_RATE" default:"20" placeholder:"N" help:"How many mails may leave in a second, over all processes (default ${default})."`
	MailMaxAge         time.Duration `name:"mail-max-age" env:"CAMPAIGN_MAIL_MAX_AGE" default:"24h" placeholder:"DURATION" help:"How long after what it tells of a mail is made and tried; what is older is recorded and not sent (default ${default})."`
	MailUnsubscribeURL string        `name:"mail-unsubscribe-url" env:"CAMPAIGN_MAIL_UNSUBSCRIBE_URL" placeholder:"URL" help:"Where a recipient unsubscribes with one click (RFC 8058): https://…, in which {recipient}, {campaign_id} and {message_id} are filled in (default: mails offer none)."`
}

// SMTPURL reaches a mail server. It may hold a password: printing it shows none.
type SMTPURL string

// String implements fmt.Stringer.
func (s SMTPURL) String() string {
	server, err := post.ParseServer(string(s))
	if s == "" || err != nil {
		return ""
	}
	return server.String()
}

// GoString implements fmt.GoStringer.
func (s SMTPURL) GoString() string { return s.String() }

// Server returns the mail server; false where none is given.
func (s SMTPURL) Server() (post.Server, bool, error) {
	if s == "" {
		return post.Server{}, false, nil
	}
	server, err := post.ParseServer(string(s))
	if err != nil {
		return server, false, fmt.Errorf("--smtp-url: %w", err)
	}
	return server, true, nil
}

// The limits of what an operator may set about mails, and who mails are from where they are only kept.
const (
	mailRateMin = 0.01
	mailRateMax = 10_000
	mailAgeMin  = time.Minute
	mailFrom    = "Campaign engine <campaigns@campaign-engine.invalid>"
)

// Check refuses values that cannot be meant.
func (m *Mails) Check() error {
	if _, _, err := m.SMTPURL.Server(); err != nil {
		return err
	}
	if !(m.MailRate >= mailRateMin && m.MailRate <= mailRateMax) {
		return fmt.Errorf("--mail-rate: must lie between %g and %d", mailRateMin, mailRateMax)
	}
	if err := within("--mail-max-age", m.MailMaxAge, mailAgeMin, leadMax); err != nil {
		return err
	}
	_, err := m.Sender()
	return err
}

// Sender returns who mails are from.
func (m *Mails) Sender() (letter.Sender, error) {
	sender, err := letter.NewSender(m.from(), m.MailUnsubscribeURL)
	switch {
	case errors.Is(err, letter.ErrFrom):
		return sender, fmt.Errorf("--mail-from: %w", err)
	case err != nil:
		return sender, fmt.Errorf("--mail-unsubscribe-url: %w", err)
	}
	return sender, nil
}

// from is who mails are from. The contract's --smtp-url alone is enough.
func (m *Mails) from() string {
	if m.MailFrom != "" {
		return m.MailFrom
	}
	server, given, err := m.SMTPURL.Server()
	if err != nil || !given {
		return mailFrom
	}
	if address := server.Address(); address != "" {
		return "Campaign engine <" + address + ">"
	}
	return mailFrom
}
