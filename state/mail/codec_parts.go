package mail

import (
	"slices"

	"github.com/rmn-arms/campaign-engine/state/fields"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// How the parts of a row are put into bytes: see codec.go.

// appendCount appends a number that is not negative; one that is could not be read again.
func appendCount(b []byte, n int64) []byte { return fields.AppendUvarint(b, max(n, 0)) }

func (c *Campaign) append(b []byte) []byte {
	b = fields.AppendText(fields.AppendText(fields.AppendText(b, c.ID), c.Name), c.AdvertiserID)
	b = fields.AppendText(appendCount(b, c.Revision), c.Currency)
	b = fields.AppendText(fields.AppendInstant(fields.AppendInstant(b, c.StartsAt), c.EndsAt), c.Zone)
	return appendCount(fields.AppendInstant(b, instant.Instant(c.Grace)), c.Stores)
}

func readCampaign(in *fields.Reader) Campaign {
	return Campaign{
		ID: in.Text(), Name: in.Text(), AdvertiserID: in.Text(), Revision: in.Uvarint(), Currency: in.Text(),
		StartsAt: in.Instant(), EndsAt: in.Instant(), Zone: in.Text(), Grace: instant.Millis(in.Varint()), Stores: in.Uvarint(),
	}
}

func sameContacts(a, b []Contact) bool { return len(a) > 0 && slices.Equal(a, b) }

func appendContacts(b []byte, contacts []Contact) []byte {
	b = fields.AppendUvarint(b, int64(len(contacts)))
	for _, c := range contacts {
		b = fields.AppendText(fields.AppendText(fields.AppendText(b, c.Email), c.Name), c.Locale)
	}
	return b
}

func readRevisions(in *fields.Reader, layout byte) (revisions []Revision) {
	var before []Contact
	for range in.Length() {
		revision := Revision{Number: in.Uvarint(), AdvertiserID: in.Text(), Currency: in.Text(), Contacts: before}
		if layout != layoutBefore {
			revision.Doubtful = in.Bool()
		}
		if same := in.Bool(); !same {
			revision.Contacts = readContacts(in)
		}
		if in.Bad {
			return nil
		}
		before = revision.Contacts
		revisions = append(revisions, revision)
	}
	return revisions
}

func readContacts(in *fields.Reader) (contacts []Contact) {
	for range in.Length() {
		contact := Contact{Email: in.Text(), Name: in.Text(), Locale: in.Text()}
		if in.Bad {
			return nil
		}
		contacts = append(contacts, contact)
	}
	return contacts
}

// waits says that there is more to a letter than its stage.
func (w *Waiting) waits() bool { return w.Stage == Due || w.Stage == Provisional }

func (w *Waiting) append(b []byte, layout byte) []byte {
	if !w.waits() {
		return b
	}
	b = append(fields.AppendText(b, w.TransitionID), byte(w.Outcome))
	b = fields.AppendInstant(fields.AppendInstant(fields.AppendInstant(b, w.Nominal), w.DecidedAt), w.By)
	b = w.Campaign.append(b)
	if layout == layoutBefore {
		return b
	}
	b = fields.AppendText(append(fields.AppendText(b, w.CPM), byte(w.Was)), w.Reason)
	return fields.AppendInstant(fields.AppendInstant(b, w.Since), w.DoubtBy)
}

func (w *Waiting) read(in *fields.Reader, layout byte) {
	if !w.waits() {
		return
	}
	w.TransitionID, w.Outcome = in.Text(), Outcome(in.Byte())
	w.Nominal, w.DecidedAt, w.By = in.Instant(), in.Instant(), in.Instant()
	w.Campaign = readCampaign(in)
	w.Since, w.DoubtBy = w.Nominal, w.DecidedAt.Add(DoubtWait)
	if layout != layoutBefore {
		w.CPM, w.Was, w.Reason, w.Since, w.DoubtBy = in.Text(), Was(in.Byte()), in.Text(), in.Instant(), in.Instant()
	}
}

func (s *Statement) append(b []byte) []byte {
	b = appendCount(fields.AppendText(b, s.ID), s.Version)
	b = fields.AppendText(fields.AppendInstant(b, s.LockedAt), s.Currency)
	b = appendCount(appendCount(b, s.Plays), s.Overran)
	for _, text := range [...]string{s.Impressions, s.Budget, s.Spent, s.Released} {
		b = fields.AppendText(b, text)
	}
	b = s.ByCreative.append(s.ByStore.append(b))
	b = fields.AppendUvarint(b, int64(len(s.NotCounted)))
	for _, verdict := range s.NotCounted {
		b = appendCount(fields.AppendText(b, verdict.Name), verdict.Plays)
	}
	return b
}

func readStatement(in *fields.Reader) *Statement {
	s := &Statement{
		ID: in.Text(), Version: in.Uvarint(), LockedAt: in.Instant(), Currency: in.Text(), Plays: in.Uvarint(), Overran: in.Uvarint(),
		Impressions: in.Text(), Budget: in.Text(), Spent: in.Text(), Released: in.Text(),
		ByStore: readLines(in), ByCreative: readLines(in),
	}
	for range in.Length() {
		verdict := Verdict{Name: in.Text(), Plays: in.Uvarint()}
		if in.Bad {
			break
		}
		s.NotCounted = append(s.NotCounted, verdict)
	}
	return s
}

func (l *Lines) append(b []byte) []byte {
	b = appendCount(appendCount(b, l.Listed), l.Total)
	b = fields.AppendUvarint(b, int64(len(l.Top)))
	for _, line := range l.Top {
		b = fields.AppendText(appendCount(fields.AppendText(b, line.ID), line.Plays), line.Impressions)
	}
	return b
}

func readLines(in *fields.Reader) Lines {
	l := Lines{Listed: in.Uvarint(), Total: in.Uvarint()}
	for range in.Length() {
		line := Line{ID: in.Text(), Plays: in.Uvarint(), Impressions: in.Text()}
		if in.Bad {
			break
		}
		l.Top = append(l.Top, line)
	}
	return l
}
