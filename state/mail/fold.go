package mail

import "github.com/rmn-arms/campaign-engine/state/instant"

// Mailing is what a fact, or the time, leads to.
type Mailing struct {
	// Letters are to be recorded, and sent unless they are TooOld; of one transition and kind, each recipient gets one.
	Letters []Letter
	// Nobody counts letters that were due for a campaign that names no contact.
	Nobody int64
	// Lost counts letters that were due and whose contacts the row had let go (RevisionsMax). They are not mailed.
	Lost int64
}

// Fold takes a fact into a row, at the instant now at which it is read. The row that it got, and what that shares with the one
// it returns, is not changed.
func Fold(row Row, fact Fact, now instant.Instant) (Row, Mailing) {
	if row.finished() {
		return row, Mailing{}
	}
	switch f := fact.(type) {
	case Definition:
		row.takeContacts(Revision(f))
	case Transition:
		row.takeTransition(&f, now)
	case Statement:
		if row.Final == nil && f.Version == finalVersion {
			row.Final, row.Interim = f.cut(), nil
		}
	case Interim:
		if row.Interim == nil && row.Final == nil && row.End.Stage < Provisional {
			statement := Statement(f)
			row.Interim = statement.cut()
		}
	case AtStart:
		if row.AtStart == nil {
			row.AtStart = &f
		}
	}
	return row.mailed(now)
}

// finalVersion is that of a statement.final.
const finalVersion = 1

// Wake mails what has waited long enough. It is for when NextDue has come; at any other time it changes nothing.
func Wake(row Row, now instant.Instant) (Row, Mailing) { return row.mailed(now) }

// NextDue returns the earliest instant at which Wake has something to do, or Never.
func (r *Row) NextDue() instant.Instant {
	due := Never
	if r.Start.Stage == Due {
		due = r.knownAt(&r.Start)
		if r.awaitsReadiness(&r.Start) {
			due = max(due, r.ReadinessBy)
		}
	}
	switch r.End.Stage {
	case Due:
		due = min(due, max(r.endDue(), r.knownAt(&r.End)))
	case Provisional:
		if r.Final != nil {
			due = min(due, r.knownAt(&r.End))
		}
	}
	return due
}

func (r *Row) endDue() instant.Instant {
	due := r.End.By
	if r.Final != nil || r.hasInterim() {
		due = r.End.DecidedAt
	}
	if r.awaitsReadiness(&r.End) {
		due = max(due, r.ReadinessBy)
	}
	return due
}

// finished says that all is mailed, and nothing that is still to be read matters.
func (r *Row) finished() bool { return r.End.Stage == Mailed && r.Start.Stage != Due }

// takeTransition takes in what is in force, and what is to be told of it.
func (r *Row) takeTransition(t *Transition, now instant.Instant) {
	if t.Sequence <= r.Sequence {
		return
	}
	r.Sequence = t.Sequence
	if r.End.Stage != Ahead {
		return // it is over: what follows is its settlement
	}
	r.Campaign = t.Campaign
	told := Waiting{
		Stage: Due, TransitionID: t.ID, Outcome: t.Outcome, Nominal: t.Nominal, DecidedAt: t.DecidedAt, Campaign: t.Campaign,
		CPM: t.CPM, Was: t.Was, Reason: t.Reason, Since: max(t.Nominal, t.DecidedAt.Add(-t.Lateness)),
		DoubtBy: now.Add(DoubtWait),
	}
	if t.FirstActive && !r.Started {
		r.Started, r.StartedAt, r.ActiveAt, r.Lateness = true, t.Nominal, t.DecidedAt, t.Lateness
		r.ReadinessBy = now.Add(ReadinessWait)
		r.Start = told
	}
	if t.Outcome != Running {
		told.By = statementBy(t, now)
		r.End = told
	}
	r.forgetContacts()
}

// statementBy is until when the letter of an end or cancel that is read now waits for a statement.
func statementBy(t *Transition, now instant.Instant) instant.Instant {
	settles := t.Nominal.Add(t.Campaign.Grace)
	if settles.Sub(t.DecidedAt) > FinalWait {
		return now.Add(InterimWait)
	}
	return max(t.Nominal.Add(FinalWait), settles.Add(LockAllowance), now.Add(LockAllowance))
}

// mailed makes the letters that wait for nothing any more.
func (r Row) mailed(now instant.Instant) (Row, Mailing) {
	var m Mailing
	if r.Start.Stage == Due {
		r.mailStart(&m, now)
	}
	if r.End.Stage == Due || r.End.Stage == Provisional {
		r.mailEnd(&m, now)
	}
	if r.finished() {
		r = Row{Sequence: r.Sequence, Start: Waiting{Stage: r.Start.Stage}, End: Waiting{Stage: Mailed}}
	}
	return r, m
}

func (r *Row) mailStart(m *Mailing, now instant.Instant) {
	to, known := r.recipients(&r.Start, m, now)
	if !known || len(to) > 0 && r.awaitsReadiness(&r.Start) && now < r.ReadinessBy {
		return
	}
	letter := r.letter(AtTheStart, &r.Start)
	letter.Outcome, letter.EndedAt, letter.SettlesAt = Running, Never, Never
	m.address(letter, to)
	r.Start = Waiting{Stage: Mailed}
	r.forgetContacts()
}

func (r *Row) mailEnd(m *Mailing, now instant.Instant) {
	if r.Final == nil && r.End.Stage == Provisional {
		return
	}
	to, known := r.recipients(&r.End, m, now)
	switch {
	case !known:
	case len(to) == 0: // to nobody, whether provisional or final
		r.End = Waiting{Stage: Mailed}
	case r.awaitsReadiness(&r.End) && now < r.ReadinessBy:
	case r.Final != nil:
		m.address(r.finalLetter(), to)
		r.End = Waiting{Stage: Mailed}
	case now >= r.End.By || r.hasInterim():
		m.address(r.provisionalLetter(), to)
		r.End.Stage = Provisional
	}
	if r.End.Stage >= Provisional {
		r.Interim = nil // it was mailed, or nobody is to be told
	}
}

// IsFarOff says that the settlement is due so late that nothing waits for the final statement, unless the end is decided late.
func (c *Campaign) IsFarOff() bool { return c.Grace > FinalWait }

// hasInterim says that the end's letter has the statement that it waits for, and it is not the final one.
func (r *Row) hasInterim() bool { return r.Interim != nil && r.End.goesBefore() }

// goesBefore says that the end's letter does not wait for the final statement: when the end was decided, that was far off.
func (w *Waiting) goesBefore() bool { return w.settlesAt().Sub(w.DecidedAt) > FinalWait }

func (w *Waiting) settlesAt() instant.Instant { return w.Nominal.Add(w.Campaign.Grace) }

// awaitsReadiness says that a letter tells of the readiness at a start, and that is not known.
func (r *Row) awaitsReadiness(w *Waiting) bool {
	return r.AtStart == nil && r.Started && w.Campaign.Stores > 0
}

// provisionalLetter is of when its transition was decided, or of when the wait for the final statement ended.
func (r *Row) provisionalLetter() Letter {
	letter := r.letter(BeforeTheFinal, &r.End)
	letter.Statement = r.Interim
	if !r.End.goesBefore() {
		letter.DecidedAt = max(letter.DecidedAt, r.End.By)
	}
	return letter
}

func (r *Row) finalLetter() Letter {
	letter := r.letter(AtTheEnd, &r.End)
	letter.Statement = r.Final
	letter.DecidedAt = max(letter.DecidedAt, r.Final.LockedAt)
	if r.End.Stage == Provisional || r.End.Campaign.IsFarOff() {
		letter.Nominal = r.Final.LockedAt
	}
	return letter
}

// letter fills in what letters of all kinds have. One at the start tells nothing of the end.
func (r *Row) letter(kind Kind, w *Waiting) Letter {
	letter := Letter{
		Kind: kind, TransitionID: w.TransitionID, Nominal: w.Since, DecidedAt: w.DecidedAt,
		Campaign: w.Campaign, Started: Never, AtStart: r.AtStart, Outcome: w.Outcome, EndedAt: w.Nominal,
		CPM: w.CPM, Was: w.Was, Reason: w.Reason,
		SettlesAt: w.settlesAt(),
	}
	if r.Started {
		letter.Started, letter.ActiveAt, letter.Lateness = r.StartedAt, r.ActiveAt, r.Lateness
	}
	return letter
}

// address makes one letter of each recipient, who are the campaign's contacts.
func (m *Mailing) address(letter Letter, to []Contact) {
	for _, contact := range to {
		letter.Recipient = contact
		m.Letters = append(m.Letters, letter)
	}
}
