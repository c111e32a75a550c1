package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

type mailsCommand struct {
	tables   `embed:""`
	Campaign string `arg:"" optional:"" help:"The campaign's id (default: all)."`
	State    string `name:"state" placeholder:"STATE" help:"Only mails in that state: waiting, sending, sent, failed, skipped, ambiguous (default: all)."`
	Limit    int    `name:"limit" default:"50" placeholder:"COUNT" help:"At most so many mails, the newest (default ${default})."`
	JSON     bool   `name:"json" help:"Print JSON, a line each."`
}

// Help implements kong.HelpProvider.
func (mailsCommand) Help() string {
	return `The sent log: the mails to campaigns' contacts, what tells of something newer standing first.

    waiting    to be sent, or to be tried again        sending    the server has not answered yet
    sent       the server has taken it                 failed     refused for good, or not taken in time
    skipped    it told of something too long ago when it was made
    ambiguous  nobody knows whether the server took it, and it is not sent again

    campaignctl mails c-1
    campaignctl mails --state failed
    campaignctl mails --json | jq -r 'select(.state == "sent") | .message_id'`
}

// loggedMail is a line of the sent log.
type loggedMail struct {
	MessageID    string           `json:"message_id,omitempty"`
	CampaignID   string           `json:"campaign_id"`
	TransitionID string           `json:"transition_id"`
	Kind         string           `json:"kind"`
	Recipient    string           `json:"recipient"`
	Locale       string           `json:"locale,omitempty"`
	Subject      string           `json:"subject,omitempty"`
	NominalAt    schemas.Instant  `json:"nominal_at"`
	State        string           `json:"state"`
	Attempts     int32            `json:"attempts"`
	Answer       string           `json:"answer,omitempty"`
	NextAt       *schemas.Instant `json:"next_attempt_at,omitempty"`
	EndedAt      *schemas.Instant `json:"ended_at,omitempty"`
	MadeAt       schemas.Instant  `json:"made_at"`
}

// Run implements the command.
func (c *mailsCommand) Run(ctx context.Context, on console) error {
	if c.Limit < 1 {
		return wrongSwitches(errors.New("--limit: must be 1 or more"))
	}
	if c.State != "" && !slices.Contains(pgstore.MailStates(), pgstore.MailState(c.State)) {
		return wrongSwitches(fmt.Errorf("--state: must be one of %v", pgstore.MailStates()))
	}
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	log, count, err := store.Mails(ctx, pgstore.MailLog{
		CampaignID: c.Campaign, State: pgstore.MailState(c.State), Limit: c.Limit,
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return printLines(on.out, loggedMails(log))
	}
	return writeMails(on.out, on.outIsTerminal, log, count)
}

// loggedMails returns the log in the words of --json.
func loggedMails(log []pgstore.LoggedMail) []loggedMail {
	all := make([]loggedMail, len(log))
	for i := range log {
		m := &log[i]
		all[i] = loggedMail{
			MessageID: m.MessageID, CampaignID: m.CampaignID, TransitionID: m.TransitionID, Kind: m.Kind, Recipient: m.Recipient,
			Locale: m.Locale, Subject: m.Subject, NominalAt: schemas.Instant(m.NominalAt), State: string(m.State), Attempts: m.Attempts,
			Answer: m.Answer, NextAt: (*schemas.Instant)(m.NextAt), EndedAt: (*schemas.Instant)(m.EndedAt),
			MadeAt: schemas.Instant(m.MadeAt),
		}
	}
	return all
}

// writeMails prints the log for a person.
func writeMails(to io.Writer, colour bool, log []pgstore.LoggedMail, count int64) error {
	var t timeline.Table
	faint := func(texts ...string) {
		cells := make([]timeline.Cell, len(texts))
		for i, text := range texts {
			cells[i] = timeline.Cell{Text: text, Style: timeline.Faint}
		}
		t.Row(cells...)
	}
	faint("OF (UTC)", "CAMPAIGN", "KIND", "TO", "STATE", "TRIES", "SUBJECT", "ANSWER")
	for i := range log {
		m := &log[i]
		state := string(m.State)
		if m.NextAt != nil && m.Attempts > 0 {
			state += " until " + schemas.Instant(*m.NextAt).String()
		}
		var cells []timeline.Cell
		for _, text := range []string{
			schemas.Instant(m.NominalAt).String(), m.CampaignID, m.Kind, m.Recipient, state, strconv.Itoa(int(m.Attempts)), m.Subject,
			m.Answer,
		} {
			cells = append(cells, timeline.Cell{Text: shortened(timeline.Printable(text))})
		}
		t.Row(cells...)
	}
	if more := count - int64(len(log)); more > 0 {
		faint(fmt.Sprintf("and %d before these", more))
	}
	return t.Write(to, colour)
}

// shownLength is how much of a text stands in a table, in characters. --json shows all of it.
const shownLength = 70

func shortened(text string) string {
	runes := []rune(text)
	if len(runes) <= shownLength {
		return text
	}
	return strings.TrimRight(string(runes[:shownLength-1]), " ") + "…"
}
