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
	return `The sent log: the mails to campaigns' contacts, what tells of something newer standing first. NOMINAL is when what a mail
tells of was to be: the start, the end, the cancel, or the settlement, of which a final mail tells that follows a provisional
one. SENT is when the server took the mail, or when it was kept in the folder. Long texts are cut; --json has all of them.

    waiting    to be sent, or to be tried again        sending    the server has not answered yet
    sent       the server has taken it                 failed     refused for good, or not taken in time
    skipped    it told of something too long ago when it was made, or the final mail has overtaken it
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
		return wrongSwitches(fmt.Errorf("--state: must be one of %s", strings.Join(mailStates(), ", ")))
	}
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	log, count, err := store.Mails(ctx, pgstore.MailLog{
		CampaignID: c.Campaign, State: pgstore.MailState(c.State), Limit: c.Limit,
	})
	if err == nil && len(log) == 0 && c.Campaign != "" {
		err = c.isKnown(ctx, store)
	}
	switch {
	case err != nil:
		return err
	case c.JSON:
		return printLines(on.out, loggedMails(log))
	case len(log) == 0:
		_, err := fmt.Fprintln(on.errs, c.none())
		return err
	}
	return writeMails(on.out, on.outIsTerminal, log, count)
}

// none says that there is no mail of those that were asked for.
func (c *mailsCommand) none() string {
	if c.Campaign == "" && c.State == "" {
		return "no mails so far"
	}
	return "no such mails"
}

func mailStates() (states []string) {
	for _, s := range pgstore.MailStates() {
		states = append(states, string(s))
	}
	return states
}

var errNoCampaign = errors.New("the tables know no such campaign, and no mail about it")

// isKnown tells a campaign of which there are no mails from one that there is not: its error is errNoCampaign.
func (c *mailsCommand) isKnown(ctx context.Context, store *pgstore.Tables) error {
	_, known, err := store.CampaignMoney(ctx, c.Campaign)
	if err == nil && !known {
		err = errNoCampaign
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("campaign %q: %w", timeline.Printable(c.Campaign), err)
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
	faint("NOMINAL (UTC)", "SENT (UTC)", "CAMPAIGN", "KIND", "TO", "STATE", "TRIES", "SUBJECT", "ANSWER")
	for i := range log {
		m := &log[i]
		sent, state := "", string(m.State)
		if m.State == pgstore.MailSent && m.EndedAt != nil {
			sent = schemas.Instant(*m.EndedAt).String()
		}
		if m.NextAt != nil && m.Attempts > 0 {
			state += " until " + schemas.Instant(*m.NextAt).String()
		}
		var cells []timeline.Cell
		for _, text := range []string{
			schemas.Instant(m.NominalAt).String(), sent, m.CampaignID, m.Kind, m.Recipient, state, strconv.Itoa(int(m.Attempts)),
			m.Subject,
		} {
			cells = append(cells, timeline.Cell{Text: shortened(text, shownLength)})
		}
		t.Row(append(cells, timeline.Cell{Text: shortened(m.Answer, answerLength)})...)
	}
	if more := count - int64(len(log)); more > 0 {
		faint(fmt.Sprintf("and %d before these", more))
	}
	return t.Write(to, colour)
}

// How much of a text stands in a table, in characters. An answer is the last of its line, and says why a mail is where it is: it
// pushes nothing aside. --json shows all of it.
const (
	shownLength  = 70
	answerLength = 160
)

// shortened returns a text in one line that a terminal may print, cut behind a word where there is one to cut at.
func shortened(text string, most int) string {
	runes := []rune(timeline.Printable(strings.Join(strings.Fields(text), " ")))
	if len(runes) <= most {
		return string(runes)
	}
	cut := string(runes[:most-1])
	if at := strings.LastIndexByte(cut, ' '); at > len(cut)/2 && runes[most-1] != ' ' {
		cut = cut[:at]
	}
	return strings.TrimRight(cut, " ") + "…"
}
