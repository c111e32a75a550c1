package mail_test

import (
	"fmt"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/mail"
)

// TestContactsAreLetGo holds that a row has no more than it needs.
func TestContactsAreLetGo(t *testing.T) {
	b := newBox(t)
	kept := func(want ...int64) {
		t.Helper()
		var got []int64
		for _, revision := range b.row.Revisions {
			got = append(got, revision.Number)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("kept %v; want %v", got, want)
		}
	}
	b.fold(definition(1, "a@x.de"), definition(2, "b@x.de"), definition(4, "d@x.de"), definition(2, "c@x.de"))
	kept(1, 2, 4)
	b.fold(schedule(1, 1), start(2, 1))
	kept(1, 2, 4)
	b.fold(transition(3, 2, "reschedule", startsAt+1))
	kept(1, 2, 4) // the letter at the start waits
	b.fold(mail.AtStart{}, definition(1, "a@x.de"), definition(3, "late@x.de"))
	kept(2, 3, 4)
	b.fold(end(4, 2), definition(5, "e@x.de"), definition(2, "b@x.de"))
	kept(2)
	b.fold(final())
	kept()
}

// TestLettersOfOtherRevisions: the end's contacts are known before the start's.
func TestLettersOfOtherRevisions(t *testing.T) {
	b := newBox(t)
	b.fold(mail.AtStart{}, schedule(1, 1), start(2, 1), transition(3, 2, "reschedule", startsAt+1), end(4, 2), final(), definition(2, "new@x.de"))
	b.want("final of c-1/2/end to new@x.de, 0 of 0, c-1/1")
	b.fold(definition(1, "old@x.de"))
	b.want("started of c-1/1/start to old@x.de, 0 of 0")
}

func TestContactsAreThoseOfTheRevisionInForce(t *testing.T) {
	t.Run("applied before the start", func(t *testing.T) {
		b := newBox(t)
		b.fold(definition(1, "old@x.de"), definition(2, "new@x.de"), schedule(1, 1), transition(2, 2, "reschedule", startsAt-1),
			mail.AtStart{}, start(3, 2))
		b.want("started of c-1/2/start to new@x.de, 0 of 0")
	})
	t.Run("never applied", func(t *testing.T) {
		b := newBox(t)
		b.fold(definition(1, "old@x.de"), definition(2, "new@x.de"), schedule(1, 1), mail.AtStart{}, start(2, 1))
		b.want("started of c-1/1/start to old@x.de, 0 of 0")
		b.now = endsAt
		b.fold(end(3, 1), final())
		b.want("final of c-1/1/end to old@x.de, 0 of 0, c-1/1")
	})
	t.Run("applied after the start", func(t *testing.T) {
		b := running(t, "old@x.de")
		b.fold(transition(3, 2, "reschedule", startsAt+1), definition(2, "new@x.de"), end(4, 2), final())
		b.want("final of c-1/2/end to new@x.de, 1 of 2, c-1/1")
	})
	t.Run("another advertiser's was refused", func(t *testing.T) {
		b := newBox(t)
		other := definition(1, "other@x.de")
		other.AdvertiserID = "a-2"
		b.fold(other, definition(1, "right@x.de"), definition(1, "conflict@x.de"), schedule(1, 1), mail.AtStart{}, start(2, 1))
		b.want("started of c-1/1/start to right@x.de, 0 of 0")
	})
	t.Run("a pause has a revision of its own", func(t *testing.T) {
		b := running(t, "a@x.de")
		b.fold(change(3, 2, "pause", startsAt+1), change(4, 2, "end", endsAt), final())
		b.want("final of c-1/2/end to a@x.de, 1 of 2, c-1/1")
	})
}

// TestDoubtfulContacts: what zone data of this process refuse may have been accepted by others. It counts when nothing better
// comes.
func TestDoubtfulContacts(t *testing.T) {
	doubtful := definition(1, "doubtful@x.de")
	doubtful.Doubtful = true
	t.Run("it was accepted", func(t *testing.T) {
		b := newBox(t)
		b.now = startsAt.Add(5 * hour) // after an outage
		b.fold(doubtful, schedule(1, 1), mail.AtStart{}, start(2, 1))
		b.wait(mail.DoubtWait - 1)
		b.want()
		b.wait(1)
		b.want("started of c-1/1/start to doubtful@x.de, 0 of 0")
		b.now = endsAt
		b.fold(withGrace(end(3, 1), 2*hour), interim())
		b.wait(mail.DoubtWait - 1)
		b.want()
		b.wait(1)
		b.want("provisional of c-1/1/end to doubtful@x.de, 0 of 0, so far 0.67")
		b.fold(final())
		b.want("final of c-1/1/end to doubtful@x.de, 0 of 0, c-1/1")
	})
	t.Run("it was refused", func(t *testing.T) {
		b := newBox(t)
		b.fold(schedule(1, 1), mail.AtStart{}, start(2, 1), doubtful)
		b.wait(mail.DoubtWait - 1)
		b.fold(definition(1, "right@x.de"), doubtful, definition(1, "again@x.de"))
		b.want("started of c-1/1/start to right@x.de, 0 of 0")
	})
	t.Run("and many more", func(t *testing.T) {
		b := newBox(t)
		b.fold(definition(1, "right@x.de"))
		for n := range int64(2 * mail.RevisionsMax) {
			another := doubtful
			another.Number = 2 + n
			b.fold(another)
		}
		b.fold(schedule(1, 1), mail.AtStart{}, start(2, 1))
		b.want("started of c-1/1/start to right@x.de, 0 of 0")
	})
}

func TestALetterWaitsForItsContacts(t *testing.T) {
	b := newBox(t)
	b.fold(schedule(1, 1), start(2, 1), mail.AtStart{Ready: 1, Total: 2}, transition(3, 2, "reschedule", startsAt+1), end(4, 2), final())
	b.wait(10 * 24 * hour)
	b.want()
	b.fold(definition(1, "old@x.de"))
	b.want("started of c-1/1/start to old@x.de, 1 of 2")
	b.fold(definition(2, "new@x.de"))
	b.want("final of c-1/2/end to new@x.de, 1 of 2, c-1/1")
}

func TestNobody(t *testing.T) {
	for _, order := range []string{"known", "read late"} {
		b := newBox(t)
		facts := []mail.Fact{schedule(1, 1), start(2, 1), end(3, 1), final()}
		if order == "known" {
			b.fold(definition(1))
		}
		b.fold(facts...)
		b.fold(definition(1))
		b.wait(2 * hour)
		if b.want(); b.nobody != 2 || b.row.NextDue() != mail.Never {
			t.Errorf("%s: %d letters to nobody, due at %d; want 2, never", order, b.nobody, b.row.NextDue())
		}
	}
}

// TestNobodyAtTheEnd: the letter at the start still waits for its contacts, and the figures are of no use any more.
func TestNobodyAtTheEnd(t *testing.T) {
	b := newBox(t)
	b.fold(schedule(1, 1), start(2, 1), mail.AtStart{}, transition(3, 2, "reschedule", startsAt+1), interim(),
		withGrace(end(4, 2), 2*hour), definition(2))
	if b.want(); b.nobody != 1 || b.row.Interim != nil {
		t.Errorf("%d letters to nobody, and %+v is kept", b.nobody, b.row.Interim)
	}
	b.fold(interim(), definition(1, "a@x.de"), final())
	b.want("started of c-1/1/start to a@x.de, 0 of 0")
}

func TestRecipientsAreOneEach(t *testing.T) {
	b := known(t, "a@x.de", "A@x.de", "a@X.DE", "b@bücher.example", "b@XN--bcher-kva.example", "a@x.de", "c@under_score.Example")
	b.fold(mail.AtStart{}, start(2, 1))
	b.want("started of c-1/1/start to a@x.de, 0 of 0", "started of c-1/1/start to A@x.de, 0 of 0",
		"started of c-1/1/start to b@xn--bcher-kva.example, 0 of 0", "started of c-1/1/start to c@under_score.example, 0 of 0")
}
