package post

import (
	"context"
	"encoding/binary"
	"hash/fnv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

// post makes one attempt at a mail that is in hand, and notes what came of it.
func (s *Sender) post(of shift, m *pgstore.ClaimedMail, place *place) {
	defer place.giveBack()
	leave := func() {}
	defer func() { leave() }()
	var began time.Duration
	committed := false
	commit := func() error {
		leaving, entered := s.gate.enter(of.ctx.Done())
		if !entered {
			return context.Cause(of.ctx)
		}
		leave = leaving
		if !s.way.isOpen(s.config.Clock.Elapsed()) {
			return errClosed
		}
		mine, err := s.config.Queue.BeginMail(of.ctx, m.ID, m.Claim)
		if err == nil && !mine {
			err = errWithheld
		}
		began, committed = s.config.Clock.Elapsed(), err == nil
		return err
	}
	answer := s.config.Transport.Carry(of.ctx, of.last, m, commit)
	if committed && answer.Verdict != Unknown {
		took := s.config.Clock.Elapsed() - began
		s.gate.took(took)
		s.config.Told.Answered(took)
	}
	if of.ctx.Err() == nil { // else it may have broken since the process ends
		s.note(answer, m, committed)
	}
	s.end(of, m, s.outcome(of.ctx, m, answer))
}

// outcome says what an answer makes of a mail.
func (s *Sender) outcome(ctx context.Context, m *pgstore.ClaimedMail, answer Answer) pgstore.MailEnd {
	end := pgstore.MailEnd{State: pgstore.MailWaiting, Answer: line(answer.Text), Tried: true}
	switch {
	case answer.Verdict == Accepted:
		end.State = pgstore.MailSent
	case answer.Verdict == Refused:
		end.State = pgstore.MailFailed
	case answer.Verdict == Unknown:
		end.State = pgstore.MailAmbiguous
	case answer.Verdict == Later && ctx.Err() == nil, // else it broke since the process ends
		answer.Verdict == Unsent && m.Sender != s.config.From:
		next := s.config.Clock.Now().Add(pauseAfter(m.ID, int(m.Attempts)+1))
		end.NextAt = &next
		if next > max(m.NominalAt, m.MadeAt).Add(s.config.MaxAge) {
			end.State, end.Answer = pgstore.MailFailed, line("not taken within "+s.maxAge()+"; the last answer: "+answer.Text)
		}
	case answer.Verdict == Unsent: // that is no trouble of this one alone; others find out meanwhile whether it is over
		next := s.config.Clock.Now().Add(pauseAfter(m.ID, 1))
		end.NextAt, end.Tried = &next, false
	default:
		end.Tried = false
	}
	return end
}

// end notes what became of a mail, however often it takes; a process that ends tries for a while. Nothing is lost when it cannot:
// who looks at the log later finds the mail as it was noted last. False: it could not.
func (s *Sender) end(of shift, m *pgstore.ClaimedMail, end pgstore.MailEnd) bool {
	for pause := pauseMin / 10; ; pause = min(2*pause, pauseMax) {
		noted, err := s.config.Queue.EndMail(of.noting, m.ID, m.Claim, end)
		if err == nil {
			if noted && (end.Tried || end.State != pgstore.MailWaiting) {
				s.tell(m, end)
			}
			return true
		}
		s.failed(of.noting, err, "noting what became of a mail has failed, and is tried again")
		if wait(of.noting, pause, nil); of.noting.Err() != nil {
			return false
		}
	}
}

// tell tells what became of a mail. Addresses stand in the sent log alone.
func (s *Sender) tell(m *pgstore.ClaimedMail, end pgstore.MailEnd) {
	s.config.Told.Ended(end.State, 1)
	log := s.config.Log.With().Str("campaign", m.CampaignID).Str("mail", m.ID).Str("state", string(end.State)).Logger()
	if end.State == pgstore.MailFailed || end.State == pgstore.MailAmbiguous {
		log.Warn().Str("to_see_why", "campaignctl mails "+m.CampaignID).Msg("a mail was tried")
		return
	}
	log.Debug().Msg("a mail was tried")
}

// note draws from an answer whether the server takes mails, and tells when that changes. Of a sender that is none any more it
// says nothing.
func (s *Sender) note(answer Answer, m *pgstore.ClaimedMail, final bool) {
	if answer.Verdict == Unsent && m.Sender == s.config.From {
		answer.Verdict = Unreachable
	}
	switch s.way.note(s.config.Clock.Elapsed(), answer, final) {
	case nowClosed:
		s.config.Log.Error().Str("reason", line(answer.Text)).Msg("mails cannot be handed over, and wait until they can")
	case nowOpen:
		s.config.Log.Info().Msg("mails are handed over again")
	}
}

// The pauses between attempts at a mail: doubled each time.
const (
	retryMin instant.Millis = 60_000
	retryMax instant.Millis = 3_600_000
)

// pauseAfter returns how long is waited after so many attempts at a mail: up to a quarter less or more than the doubled one, so
// that mails of one instant do not all come back at one instant; always the same for the same mail.
func pauseAfter(id string, attempts int) instant.Millis {
	pause := retryMax
	if doublings := max(0, attempts-1); doublings < 10 {
		pause = min(retryMax, retryMin<<doublings)
	}
	hash := fnv.New64a()
	_, _ = hash.Write(binary.BigEndian.AppendUint32([]byte(id), uint32(attempts)))
	return pause - pause/4 + instant.Millis(hash.Sum64()%uint64(pause/2+1))
}

// answerLength bounds what is kept of an answer, in bytes.
const answerLength = 500

// line makes one line of a server's words.
func line(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
	if len(text) <= answerLength {
		return text
	}
	cut := answerLength
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}
