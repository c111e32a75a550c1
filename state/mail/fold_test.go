package mail_test

import (
	"fmt"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/mail"
)

func TestTheLetterAtTheStart(t *testing.T) {
	readiness := mail.AtStart{Ready: 1, Total: 2}
	late := start(2, 1)
	late.DecidedAt, late.Lateness = late.DecidedAt.Add(minute+1), minute+1
	nearly := start(2, 1)
	nearly.Lateness = minute
	noStores := start(2, 1)
	noStores.Campaign.Stores = 0
	resumed := change(3, 3, "resume", startsAt+5000)
	resumed.FirstActive = true
	for name, c := range map[string]struct {
		facts []mail.Fact
		want  []string
	}{
		"readiness after it":             {[]mail.Fact{start(2, 1), readiness}, []string{"started of c-1/1/start to a@x.de, 1 of 2"}},
		"readiness before it":            {[]mail.Fact{readiness, start(2, 1)}, []string{"started of c-1/1/start to a@x.de, 1 of 2"}},
		"readiness to come":              {[]mail.Fact{start(2, 1)}, nil},
		"no stores":                      {[]mail.Fact{noStores}, []string{"started of c-1/1/start to a@x.de"}},
		"late":                           {[]mail.Fact{late, readiness}, []string{"started of c-1/1/start to a@x.de, 1 of 2, late"}},
		"a minute late":                  {[]mail.Fact{nearly, readiness}, []string{"started of c-1/1/start to a@x.de, 1 of 2"}},
		"read twice":                     {[]mail.Fact{start(2, 1), readiness, start(2, 1), readiness}, []string{"started of c-1/1/start to a@x.de, 1 of 2"}},
		"by a resume":                    {[]mail.Fact{resumed, readiness}, []string{"started of c-1/3/resume to a@x.de, 1 of 2"}},
		"a start that makes none active": {[]mail.Fact{transition(2, 1, "start", startsAt), readiness}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			b := known(t, "a@x.de")
			b.fold(c.facts...)
			b.want(c.want...)
		})
	}
}

// TestWhatIsPublishedLateIsNotOld: a campaign is published two days behind its start, and one behind its end. What is told of them
// could not be told before, and none of it is late.
func TestWhatIsPublishedLateIsNotOld(t *testing.T) {
	const day = 24 * hour
	published := startsAt.Add(2 * day)
	behind := start(2, 1)
	behind.DecidedAt, behind.Lateness = published.Add(20), 15
	b := known(t, "a@x.de")
	b.now = behind.DecidedAt
	b.fold(behind, mail.AtStart{})
	got := b.letters[0]
	if got.TooOld(b.now, day) || got.Nominal != published.Add(5) || got.Started != startsAt || got.ActiveAt != behind.DecidedAt || got.Late() {
		t.Errorf("%+v", got)
	}
	over := end(2, 1)
	over.DecidedAt = endsAt.Add(2 * day)
	b = known(t, "a@x.de")
	b.now = over.DecidedAt
	b.fold(over, final())
	if got := b.letters[0]; got.TooOld(b.now, day) || got.EndedAt != endsAt || got.SettlesAt != endsAt {
		t.Errorf("%+v", got)
	}
	overdue := end(2, 1) // the engine was away
	overdue.DecidedAt, overdue.Lateness = endsAt.Add(2*day), 2*day
	b = known(t, "a@x.de")
	b.now = overdue.DecidedAt
	b.fold(overdue, final())
	if got := b.letters[0]; !got.TooOld(b.now, day) {
		t.Errorf("%+v", got)
	}
}

func TestReadinessIsWaitedForAShortTime(t *testing.T) {
	b := known(t, "a@x.de")
	b.fold(start(2, 1))
	b.wait(mail.ReadinessWait - 1)
	b.want()
	b.wait(1)
	b.want("started of c-1/1/start to a@x.de")
	b.fold(mail.AtStart{Ready: 2, Total: 2})
	b.now = endsAt
	b.fold(end(3, 1), final())
	b.want("final of c-1/1/end to a@x.de, 2 of 2, c-1/1")
}

// TestAnEndRightBehindTheStart: its letter waits for the readiness as the one at the start does, and comes after it.
func TestAnEndRightBehindTheStart(t *testing.T) {
	b := known(t, "a@x.de")
	b.fold(start(2, 1), change(3, 2, "cancel", startsAt+1), final())
	b.want()
	b.fold(mail.AtStart{Ready: 1, Total: 2})
	b.want("started of c-1/1/start to a@x.de, 1 of 2", "final of c-1/2/cancel to a@x.de, 1 of 2, c-1/1, cancelled")
}

func TestAnEndRightBehindAStartOfUnknownReadiness(t *testing.T) {
	b := known(t, "a@x.de")
	b.fold(start(2, 1), change(3, 2, "cancel", startsAt+1), final())
	b.wait(mail.ReadinessWait)
	b.want("started of c-1/1/start to a@x.de", "final of c-1/2/cancel to a@x.de, c-1/1, cancelled")
}

// TestWhatCannotHappenIsNotMailed: by the contract a campaign is first active once, and over once.
func TestWhatCannotHappenIsNotMailed(t *testing.T) {
	b := running(t, "a@x.de")
	again := start(3, 1)
	again.ID = "c-1/1/again"
	b.fold(again, end(4, 1), change(5, 2, "cancel", endsAt+1), final())
	b.want("final of c-1/1/end to a@x.de, 1 of 2, c-1/1")
}

func TestTheLetterAtTheEnd(t *testing.T) {
	const one = "final of c-1/1/end to a@x.de, 1 of 2, c-1/1"
	const provisional, soFar = "provisional of c-1/1/end to a@x.de, 1 of 2", "provisional of c-1/1/end to a@x.de, 1 of 2, so far 0.67"
	for name, c := range map[string]struct {
		grace, statementAfter instant.Millis
		interim               bool
		want                  []string // once the end was read; and the interim statement; by then; once the statement was read
	}{
		"no grace":                           {0, second, false, []string{"", "", "", one}},
		"the statement just in time":         {0, hour - 1, false, []string{"", "", "", one}},
		"the statement too late":             {0, hour, false, []string{"", "", provisional, one}},
		"half an hour's grace":               {hour / 2, hour / 2, false, []string{"", "", "", one}},
		"an hour's grace":                    {hour, hour + minute, false, []string{"", "", "", one}},
		"an hour's, and a late statement":    {hour, hour + 2*minute, false, []string{"", "", provisional, one}},
		"two hours' grace":                   {2 * hour, 2 * hour, true, []string{"", soFar, "", one}},
		"two hours', and nothing so far":     {2 * hour, 2 * hour, false, []string{"", "", provisional, one}},
		"two hours', the statement at once":  {2 * hour, mail.InterimWait - 1, false, []string{"", "", "", one}},
		"more than an hour's by a bit":       {hour + 1, hour + 1, true, []string{"", soFar, "", one}},
		"an hour's, and figures unasked for": {hour, hour + 2*minute, true, []string{"", "", soFar, one}},
	} {
		t.Run(name, func(t *testing.T) {
			b := running(t, "a@x.de")
			steps := []func(){
				func() { b.fold(withGrace(end(3, 1), c.grace)) },
				func() {
					if c.interim {
						b.fold(interim())
					}
				},
				func() { b.wait(c.statementAfter) },
				func() { b.fold(final()) },
			}
			for i, step := range steps {
				if step(); c.want[i] == "" {
					b.want()
				} else {
					b.want(c.want[i])
				}
			}
			b.wait(10 * hour)
			b.fold(final(), end(3, 1), interim())
			b.want()
		})
	}
}

func TestAProvisionalLetterWaitsForWhatThereIsSoFar(t *testing.T) {
	const soFar = "provisional of c-1/1/end to a@x.de, 1 of 2, so far 0.67"
	t.Run("a short time", func(t *testing.T) {
		b := running(t, "a@x.de")
		b.now = endsAt.Add(minute) // read late
		b.fold(withGrace(end(3, 1), 2*hour))
		b.wait(mail.InterimWait - 1)
		b.want()
		b.wait(1)
		if got := b.letters[0]; got.DecidedAt != endsAt || got.Nominal != endsAt {
			t.Errorf("nominally of %d, decided at %d; want the end, whenever it is made", got.Nominal, got.DecidedAt)
		}
		b.want("provisional of c-1/1/end to a@x.de, 1 of 2")
		b.fold(interim())
		b.want()
	})
	t.Run("it comes first", func(t *testing.T) {
		b := running(t, "a@x.de")
		b.fold(interim(), withGrace(end(3, 1), 2*hour))
		b.want(soFar)
	})
	t.Run("read again", func(t *testing.T) {
		b := running(t, "a@x.de")
		other := interim()
		other.Spent = "0.99"
		b.fold(interim(), other, withGrace(end(3, 1), 2*hour), interim(), other)
		b.want(soFar)
		if b.row.Interim != nil || b.row.NextDue() != mail.Never {
			t.Errorf("mailed, it is kept: %+v", b.row.Interim)
		}
	})
	t.Run("the contacts are read late", func(t *testing.T) {
		b := newBox(t)
		b.fold(schedule(1, 1), withGrace(end(2, 1), 2*hour), interim())
		b.wait(hour)
		b.want()
		b.fold(definition(1, "a@x.de"))
		b.want("provisional of c-1/1/end to a@x.de, so far 0.67, never started")
	})
	t.Run("the final one overtakes it", func(t *testing.T) {
		b := running(t, "a@x.de")
		b.fold(interim(), final(), interim(), withGrace(end(3, 1), 2*hour))
		b.want("final of c-1/1/end to a@x.de, 1 of 2, c-1/1")
	})
	t.Run("it names the five that played most", func(t *testing.T) {
		b := running(t, "a@x.de")
		many := interim()
		for i := range 9 {
			many.ByStore.Top = append(many.ByStore.Top, mail.Line{ID: fmt.Sprint("s-", i), Plays: 1, Impressions: fmt.Sprint(i)})
		}
		b.fold(many, withGrace(end(3, 1), 2*hour))
		if top := b.letters[0].Statement.ByStore.Top; len(top) != mail.TopMax || top[1].ID != "s-8" {
			t.Errorf("top: %v", top)
		}
	})
}

// TestAfterAnOutageTheStatementIsOnItsWay: the end is read three hours late; the statement follows it.
func TestAfterAnOutageTheStatementIsOnItsWay(t *testing.T) {
	b := running(t, "a@x.de")
	b.now = endsAt.Add(3 * hour)
	b.fold(end(3, 1))
	b.wait(minute)
	b.want()
	b.fold(final())
	b.want("final of c-1/1/end to a@x.de, 1 of 2, c-1/1")
}

func TestTheStatementBeforeTheEnd(t *testing.T) {
	b := running(t, "a@x.de")
	b.fold(final(), withGrace(end(3, 1), 2*hour))
	b.want("final of c-1/1/end to a@x.de, 1 of 2, c-1/1")
}

func TestVariantsOfTheEnd(t *testing.T) {
	t.Run("never started", func(t *testing.T) {
		b := known(t, "a@x.de")
		b.fold(end(2, 1), final())
		b.want("final of c-1/1/end to a@x.de, c-1/1, never started")
	})
	t.Run("cancelled before the start", func(t *testing.T) {
		b := known(t, "a@x.de")
		b.fold(change(2, 2, "cancel", startsAt-500), final())
		b.want("final of c-1/2/cancel to a@x.de, c-1/1, cancelled, never started")
	})
	t.Run("cancelled after it", func(t *testing.T) {
		b := running(t, "a@x.de")
		b.fold(withGrace(change(3, 2, "cancel", startsAt+500), 2*hour), interim())
		b.want("provisional of c-1/2/cancel to a@x.de, 1 of 2, so far 0.67, cancelled")
		b.fold(final())
		b.want("final of c-1/2/cancel to a@x.de, 1 of 2, c-1/1, cancelled")
	})
}

func TestAnAdjustedStatementIsNotMailed(t *testing.T) {
	b := running(t, "a@x.de")
	adjusted := final()
	adjusted.ID, adjusted.Version = "c-1/2", 2
	b.fold(end(3, 1), adjusted)
	b.want()
	b.fold(final(), adjusted)
	b.want("final of c-1/1/end to a@x.de, 1 of 2, c-1/1")
}

func TestInstantsOfLetters(t *testing.T) {
	b := running(t, "a@x.de")
	statement := final()
	statement.LockedAt = endsAt.Add(2 * hour)
	b.fold(withGrace(end(3, 1), 2*hour), interim(), statement)
	provisional, last := b.letters[0], b.letters[1]
	if provisional.Nominal != endsAt || provisional.DecidedAt != endsAt || provisional.SettlesAt != endsAt.Add(2*hour) ||
		provisional.EndedAt != endsAt || provisional.Started != startsAt {
		t.Errorf("provisional: %+v", provisional)
	}
	if last.Nominal != endsAt.Add(2*hour) || last.DecidedAt != statement.LockedAt || last.EndedAt != endsAt {
		t.Errorf("final: %+v", last)
	}
	if most := 24 * hour; last.TooOld(last.Nominal.Add(most), most) || !last.TooOld(last.Nominal.Add(most+1), most) {
		t.Errorf("a letter is too old when it is older than %d", most)
	}
	if last.ID() == provisional.ID() || len(last.ID()) != 40 {
		t.Errorf("%s and %s", last.ID(), provisional.ID())
	}
}

// TestTheFinalLetterIsAsOldAsTheLock: it was promised, and goes out also where the lock came much later than the campaign's grace
// says, or earlier.
func TestTheFinalLetterIsAsOldAsTheLock(t *testing.T) {
	const day = 24 * hour
	for name, c := range map[string]struct{ grace, locked instant.Millis }{
		"as it says": {2 * day, 2 * day}, "much later": {0, 2 * day}, "much earlier": {2 * day, hour},
	} {
		t.Run(name, func(t *testing.T) {
			statement := final()
			statement.LockedAt = endsAt.Add(c.locked)
			b := running(t, "a@x.de")
			b.fold(withGrace(end(3, 1), c.grace), interim())
			b.wait(c.locked)
			b.fold(statement)
			last := b.letters[len(b.letters)-1]
			if len(b.letters) != 2 || last.Kind != mail.AtTheEnd || last.Nominal != statement.LockedAt {
				t.Errorf("of %d letters the last is %s, nominally of %d; want the lock, %d", len(b.letters), last.Kind, last.Nominal, statement.LockedAt)
			}
		})
	}
	t.Run("all read at once, long after the end", func(t *testing.T) {
		statement := final()
		statement.LockedAt = endsAt.Add(2 * day)
		b := running(t, "a@x.de")
		b.now = statement.LockedAt.Add(hour)
		b.fold(statement, withGrace(end(3, 1), 2*day))
		if got := b.letters[0]; got.TooOld(b.now, day) {
			t.Errorf("it is nominally of %d", got.Nominal)
		}
	})
}

func TestAProvisionalLetterThatHasWaitedIsOfThen(t *testing.T) {
	b := running(t, "a@x.de")
	b.fold(end(3, 1))
	b.wait(2 * hour)
	if got := b.letters[0]; got.Nominal != endsAt || got.DecidedAt != endsAt.Add(hour) {
		t.Errorf("nominally of %d, decided at %d", got.Nominal, got.DecidedAt)
	}
}

func TestTheTopFive(t *testing.T) {
	b := running(t, "a@x.de")
	statement := final()
	statement.ByStore = mail.Lines{Listed: 1000, Total: 4312}
	for i, impressions := range []string{"9.5", "10", "009.50", "123456789012345678901234567890123", "10.000", "0", "9.49"} {
		statement.ByStore.Top = append(statement.ByStore.Top, mail.Line{ID: fmt.Sprint("s-", i), Plays: int64(i / 3), Impressions: impressions})
	}
	b.fold(end(3, 1), statement)
	var got []string
	for _, line := range b.letters[0].Statement.ByStore.Top {
		got = append(got, line.ID)
	}
	if fmt.Sprint(got) != "[s-3 s-4 s-1 s-0 s-2]" || statement.ByStore.Top[0].ID != "s-0" || b.letters[0].Statement.ByStore.Total != 4312 {
		t.Errorf("top: %v of %d", got, b.letters[0].Statement.ByStore.Total)
	}
}

// TestLettersTellOfACancel: why, from what, and at what price, in the provisional letter and in the final one, whatever they
// wait for; what follows the cancel changes none of that.
func TestLettersTellOfACancel(t *testing.T) {
	for _, grace := range []instant.Millis{0, 2 * hour} {
		b := running(t, "a@x.de")
		settle := transition(4, 1, "settle", endsAt)
		settle.CPM = "9.99"
		b.fold(withGrace(cancelled(end(3, 1)), grace), settle)
		b.wait(minute)
		b.fold(final())
		for _, l := range b.letters {
			if l.CPM != "2.50" || l.Was != mail.WasPaused || l.Reason != "withdrawn" {
				t.Errorf("%s: price %q, %d, because %q", told(l), l.CPM, l.Was, l.Reason)
			}
		}
		if want := 1 + int(grace/hour/2); len(b.letters) != want {
			t.Errorf("%d letters; want %d", len(b.letters), want)
		}
	}
}
