package mail_test

import "testing"

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
