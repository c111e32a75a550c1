package mail

import (
	"math"
	"slices"
	"strings"

	"golang.org/x/net/idna"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// takeContacts keeps whom a definition names, if it is or may yet be in force, or a letter waits for it. The first of a revision
// counts: another one is a repeat, or was refused. Only one that is Doubtful gives way to one that is not.
func (r *Row) takeContacts(revision Revision) {
	if !r.mayNeed(&revision) {
		return
	}
	revision.Contacts = eachOnce(revision.Contacts)
	if at := slices.IndexFunc(r.Revisions, revision.is); at >= 0 {
		if r.Revisions[at].Doubtful && !revision.Doubtful {
			r.Revisions = slices.Clone(r.Revisions)
			r.Revisions[at] = revision
		}
		return
	}
	behind := func(other Revision) bool { return other.Number > revision.Number }
	at := slices.IndexFunc(r.Revisions, behind)
	if at < 0 {
		at = len(r.Revisions)
	}
	r.Revisions = slices.Insert(slices.Clone(r.Revisions), at, revision)
	r.boundContacts()
}

// is says that another is the same revision of the same campaign.
func (v *Revision) is(other Revision) bool {
	return v.Number == other.Number && v.AdvertiserID == other.AdvertiserID && v.Currency == other.Currency
}

// of says that a revision is the definition of what was in force.
func (v *Revision) of(c *Campaign) bool {
	return v.Number == c.Revision && v.AdvertiserID == c.AdvertiserID && v.Currency == c.Currency
}

// mayNeed says whether a letter waits for a revision, or it is or may yet be in force.
func (r *Row) mayNeed(revision *Revision) bool {
	switch {
	case r.Sequence == 0 || r.needs(revision):
		return true
	case r.End.Stage != Ahead:
		return false
	}
	return revision.Number > r.Campaign.Revision && revision.AdvertiserID == r.Campaign.AdvertiserID &&
		revision.Currency == r.Campaign.Currency
}

// needs says whether a letter waits for a revision, or it is in force.
func (r *Row) needs(revision *Revision) bool {
	return r.Start.Stage == Due && revision.of(&r.Start.Campaign) ||
		(r.End.Stage == Due || r.End.Stage == Provisional) && revision.of(&r.End.Campaign) ||
		r.End.Stage == Ahead && revision.of(&r.Campaign)
}

// forgetContacts lets go those that are not needed any more.
func (r *Row) forgetContacts() {
	var kept []Revision
	for _, revision := range r.Revisions {
		if r.mayNeed(&revision) {
			kept = append(kept, revision)
		}
	}
	r.Revisions = kept
}

// boundContacts lets go the oldest of those that were not applied yet, Doubtful ones first, where they are too many: a newer one
// has followed them already, and will soon be in force in their place.
func (r *Row) boundContacts() {
	pending := 0
	for _, revision := range r.Revisions {
		if !r.needs(&revision) {
			pending++
		}
	}
	if pending <= RevisionsMax {
		return
	}
	oldest := slices.IndexFunc(r.Revisions, func(revision Revision) bool { return !r.needs(&revision) && revision.Doubtful })
	if oldest < 0 {
		oldest = slices.IndexFunc(r.Revisions, func(revision Revision) bool { return !r.needs(&revision) })
	}
	r.Dropped = max(r.Dropped, r.Revisions[oldest].Number)
	r.Revisions = slices.Delete(r.Revisions, oldest, oldest+1) // a clone: see takeContacts
}

// knownAt returns from when on it is known to whom a letter goes, Never where that is still to be read. (One that goes to nobody
// does not wait.)
func (r *Row) knownAt(w *Waiting) instant.Instant {
	at := r.revisionOf(w)
	switch {
	case at < 0:
		return Never
	case r.Revisions[at].Doubtful:
		return w.DoubtBy
	}
	return math.MinInt64
}

func (r *Row) revisionOf(w *Waiting) int {
	return slices.IndexFunc(r.Revisions, func(revision Revision) bool { return revision.of(&w.Campaign) })
}

// recipients returns to whom a letter that is due goes, and whether that is known or cannot become known any more. It counts
// letters to nobody.
func (r *Row) recipients(w *Waiting, m *Mailing, now instant.Instant) (to []Contact, known bool) {
	at := r.revisionOf(w)
	switch {
	case at < 0 && w.Campaign.Revision > r.Dropped, at >= 0 && now < r.knownAt(w):
		return nil, false
	case at < 0:
		m.Lost++
	case len(r.Revisions[at].Contacts) == 0:
		m.Nobody++
	default:
		to = r.Revisions[at].Contacts
	}
	return to, true
}

// eachOnce returns each address once, with its domain in ASCII and lower case, with the name and locale of its first contact.
func eachOnce(contacts []Contact) []Contact {
	var each []Contact
	for _, contact := range contacts {
		contact.Email = normal(contact.Email)
		if !slices.ContainsFunc(each, func(other Contact) bool { return other.Email == contact.Email }) {
			each = append(each, contact)
		}
	}
	return each
}

// normal returns an address with its domain as it is looked up. Of what is before the @ only its own server knows what is equal.
// A domain that cannot be one stays, in lower case: that is found out when it is written to.
func normal(email string) string {
	at := strings.LastIndexByte(email, '@')
	local, domain := email[:at+1], email[at+1:]
	if ascii, err := idna.Lookup.ToASCII(domain); err == nil {
		return local + ascii
	}
	return local + strings.ToLower(domain)
}
