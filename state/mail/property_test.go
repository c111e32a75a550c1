package mail_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/mail"
)

// life is all the facts of a campaign, by topic, and what is to be mailed of it.
type life struct {
	topics [5][]mail.Fact // campaign-events, transitions-applied, campaign-statements, campaign-readiness, provisional-statements
	want   []string       // ids of letters, without provisional ones, which are a matter of time
	nobody int64
}

func drawContacts(t *rapid.T) []mail.Contact {
	emails := rapid.SliceOfN(rapid.SampledFrom([]string{"a@x.de", "b@x.de", "a@X.de", "c@bücher.example"}), 0, 5).Draw(t, "contacts")
	return contacts(emails...)
}

// drawLife makes a campaign's life: definitions of which some are never applied, in the order of their revisions. They are never
// more than a row keeps (RevisionsMax), for whose contacts were let go is a matter of what was read first.
func drawLife(t *rapid.T) life {
	var l life
	var inForce mail.Definition
	sequence, revision, active, misnamed := int64(0), int64(0), false, false
	grace := instant.Millis(rapid.SampledFrom([]int64{0, 0, 3_600_000, 7_200_000}).Draw(t, "grace"))
	apply := func(name string, at instant.Instant, first bool) mail.Transition {
		sequence++
		tr := transition(sequence, revision, name, at)
		tr.Campaign.Revision, tr.Campaign.Grace, tr.FirstActive = inForce.Number, grace, first
		l.topics[1] = append(l.topics[1], tr)
		return tr
	}
	define := func() {
		revision++
		d := definition(revision)
		d.Contacts = drawContacts(t)
		if !misnamed && rapid.IntRange(0, 5).Draw(t, "misnamed") == 0 { // refused; the right one has the same revision
			misnamed = true
			other := d
			other.AdvertiserID, other.Contacts = "a-2", contacts("wrong@x.de")
			l.topics[0] = append(l.topics[0], other)
		}
		l.topics[0] = append(l.topics[0], d)
		if sequence == 0 || rapid.IntRange(0, 3).Draw(t, "applied") > 0 {
			name := "reschedule"
			if sequence == 0 {
				name = "schedule"
			}
			inForce = d
			apply(name, startsAt, false)
		}
	}
	define()
	for range rapid.IntRange(0, 6).Draw(t, "steps") {
		switch rapid.IntRange(0, 3).Draw(t, "step") {
		case 0:
			define()
		case 1:
			if !active {
				active = true
				l.told(mail.AtTheStart, apply("start", startsAt, true), inForce)
				l.topics[3] = append(l.topics[3], mail.AtStart{Ready: 1, Total: 2})
			}
		default:
			revision++
			apply(rapid.SampledFrom([]string{"pause", "resume"}).Draw(t, "change"), startsAt, false)
		}
	}
	if rapid.IntRange(0, 4).Draw(t, "ends") > 0 {
		l.told(mail.AtTheEnd, apply(rapid.SampledFrom([]string{"end", "cancel"}).Draw(t, "how"), endsAt, false), inForce)
		apply("settle", endsAt, false)
		adjusted := final()
		adjusted.Version = 2
		l.topics[2] = append(l.topics[2], final(), adjusted)
		if grace > mail.FinalWait {
			l.topics[4] = append(l.topics[4], interim())
		}
	}
	return l
}

// told adds what is to be mailed of a transition.
func (l *life) told(kind mail.Kind, of mail.Transition, to mail.Definition) {
	var ids []string
	for _, contact := range to.Contacts {
		email := map[string]string{"a@X.de": "a@x.de", "c@bücher.example": "c@xn--bcher-kva.example"}[contact.Email]
		if email == "" {
			email = contact.Email
		}
		letter := mail.Letter{Kind: kind, TransitionID: of.ID, Recipient: mail.Contact{Email: email}}
		ids = append(ids, letter.ID())
	}
	slices.Sort(ids)
	l.want = append(l.want, slices.Compact(ids)...)
	if len(ids) == 0 {
		l.nobody++
	}
}

// TestOrderRepeatsAndCrashesChangeNothing reads a life in any order between its topics; now and then a topic is read again
// from any earlier record on, with the row kept. Each letter is mailed once (see box), and they are those of the life.
func TestOrderRepeatsAndCrashesChangeNothing(t *testing.T) {
	letters, provisional := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		l := drawLife(t)
		b := newBox(t)
		b.now = rapid.SampledFrom([]instant.Instant{startsAt, endsAt, endsAt.Add(30 * 24 * hour)}).Draw(t, "now")
		var at [len(l.topics)]int
		for rewinds := 3; ; {
			var unread []int
			for topic, facts := range l.topics {
				if at[topic] < len(facts) {
					unread = append(unread, topic)
				}
			}
			if len(unread) == 0 {
				break
			}
			topic := rapid.SampledFrom(unread).Draw(t, "topic")
			b.fold(l.topics[topic][at[topic]])
			at[topic]++
			if rewinds > 0 && rapid.IntRange(0, 9).Draw(t, "crash") == 0 {
				rewinds--
				topic := rapid.IntRange(0, len(at)-1).Draw(t, "rewound")
				at[topic] = rapid.IntRange(0, at[topic]).Draw(t, "to")
			}
			b.wait(instant.Millis(rapid.SampledFrom([]int64{0, 0, 1, 20_000, 7_200_000}).Draw(t, "time")))
		}
		b.wait(30 * 24 * hour)
		var got []string
		for _, letter := range b.letters {
			if letter.Kind == mail.BeforeTheFinal {
				provisional++
				continue
			}
			letters++
			got = append(got, letter.ID())
		}
		slices.Sort(got)
		if slices.Sort(l.want); !slices.Equal(got, l.want) || b.nobody != l.nobody || b.lost != 0 {
			t.Fatalf("mailed %v\nwant %v\nto nobody %d, want %d; lost %d\n%s", got, l.want, b.nobody, l.nobody, b.lost, fmt.Sprintf("%+v", l.topics))
		}
		if b.row.NextDue() != mail.Never {
			t.Fatalf("due at %d when all is mailed", b.row.NextDue())
		}
	})
	t.Logf("%d letters, and %d provisional ones", letters, provisional)
}

// TestEachOrderGivesTheSameLetters reads a life at once, in any order between its topics: each letter is the very one that comes of
// it when the final statement is read last, but that none is provisional where that was there before.
func TestEachOrderGivesTheSameLetters(t *testing.T) {
	provisional := 0
	rapid.Check(t, func(t *rapid.T) {
		l := drawLife(t)
		now := rapid.SampledFrom([]instant.Instant{endsAt, endsAt.Add(30 * 24 * hour)}).Draw(t, "now")
		regular := newBox(t)
		regular.now = now
		for _, topic := range [...]int{0, 3, 1, 4, 2} {
			regular.fold(l.topics[topic]...)
		}
		want := byID(regular.letters)
		other := newBox(t)
		other.now = now
		for rest := l.topics; ; {
			unread := slices.DeleteFunc([]int{0, 1, 2, 3, 4}, func(topic int) bool { return len(rest[topic]) == 0 })
			if len(unread) == 0 {
				break
			}
			topic := rapid.SampledFrom(unread).Draw(t, "topic")
			other.fold(rest[topic][0])
			rest[topic] = rest[topic][1:]
		}
		got := byID(other.letters)
		for id, letter := range want {
			if _, has := got[id]; !has && letter.Kind == mail.BeforeTheFinal {
				delete(want, id)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("other letters (-regular +other order):\n%s", diff)
		}
		for _, letter := range got {
			if letter.Kind == mail.BeforeTheFinal {
				provisional++
				if letter.Statement == nil || letter.Statement.ID != "" {
					t.Fatalf("a provisional letter has the statement %+v", letter.Statement)
				}
			}
		}
	})
	t.Logf("%d provisional letters", provisional)
}

func byID(letters []mail.Letter) map[string]mail.Letter {
	all := make(map[string]mail.Letter)
	for _, letter := range letters {
		all[letter.ID()] = letter
	}
	return all
}
