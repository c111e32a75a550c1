package mail_test

import (
	"testing"

	"github.com/rmn-arms/campaign-engine/state/mail"
)

// TestAFinalMailGetsOldFromTheSettlementOn: before that there is none, so however short a time mails have, that is not used up.
func TestAFinalMailGetsOldFromTheSettlementOn(t *testing.T) {
	b := running(t, "a@x.de")
	b.fold(withGrace(end(3, 1), 45*minute))
	b.wait(45 * minute)
	statement := final()
	statement.LockedAt = b.now
	b.fold(statement)
	got := b.letters[0]
	if got.TooOld(b.now.Add(30*minute), 30*minute) || !got.TooOld(b.now.Add(30*minute+1), 30*minute) || got.Nominal != endsAt {
		t.Errorf("45 minutes after the end of %d it is too old: %+v", endsAt, got)
	}
}

// TestAnEndThatIsDecidedBehindItsCountWaitsForThat: the engine was away, or the campaign was published when all was over. A mail
// that says that the count closes some time ago, and that its figures are not final, would be behind the times.
func TestAnEndThatIsDecidedBehindItsCountWaitsForThat(t *testing.T) {
	b := running(t, "a@x.de")
	b.now = endsAt.Add(3 * hour)
	late := withGrace(end(3, 1), 2*hour)
	late.DecidedAt, late.Lateness = b.now, 3*hour
	b.fold(late, interim())
	b.wait(minute)
	b.want()
	b.fold(final())
	b.want("final of c-1/1/end to a@x.de, 1 of 2, c-1/1")
	b.wait(hour)
	b.want()
}

// TestAnEndThatIsDecidedBehindItsCountWaitsShortly: where the statement does not come either, the contacts hear without.
func TestAnEndThatIsDecidedBehindItsCountWaitsShortly(t *testing.T) {
	b := running(t, "a@x.de")
	b.now = endsAt.Add(3 * hour)
	late := withGrace(end(3, 1), 2*hour)
	late.DecidedAt = b.now
	b.fold(late)
	b.wait(mail.LockAllowance - 1)
	b.want()
	b.wait(1)
	b.want("provisional of c-1/1/end to a@x.de, 1 of 2")
	b.fold(final())
	b.want("final of c-1/1/end to a@x.de, 1 of 2, c-1/1")
}
