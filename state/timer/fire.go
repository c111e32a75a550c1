package timer

import "github.com/rmn-arms/campaign-engine/state/instant"

// Fire emits what is due at now: by instant, at one instant in the order of the kinds. Nothing fires before its
// instant. Without dues the row is unchanged. Not to be called while catching up.
func Fire(row Row, now instant.Instant) (Row, []Due) { return fire(row, now, nil) }

func fire(row Row, now instant.Instant, dues []Due) (Row, []Due) {
	for {
		kind, armed := row.next()
		if !armed || row.Timers[kind].At > now {
			return row, dues
		}
		var due Due
		row, due = fireOne(row, kind, now)
		dues = append(dues, due)
	}
}

// fireOne emits one timer's due and keeps what follows from it.
func fireOne(row Row, kind Kind, now instant.Instant) (Row, Due) {
	timer := row.Timers[kind]
	// The clock may have gone back; decisions do not.
	row.DecidedAt = max(row.DecidedAt, now)
	due := Due{
		Transition: kind.Transition(), Revision: row.Revision, ScheduledFor: timer.At, DecidedAt: row.DecidedAt,
		LatenessMs: row.DecidedAt.Sub(max(timer.At, timer.SetAt)), Timed: true, Trace: row.Trace,
	}
	switch kind {
	case Distribute, Start:
		row.Timers[kind] = Timer{}
		row.Firings[kind] = Firing{Fired: true, At: timer.At}
	case End:
		row.Result = Completed
		row.Timers = [kindCount]Timer{Settle: row.Timers[Settle]}
	case Settle:
		row = Row{
			Revision: row.Revision, Hash: row.Hash, DecidedAt: row.DecidedAt, Result: row.Result, Settled: true,
			AdvertiserID: row.AdvertiserID, Currency: row.Currency,
		}
	}
	return row, due
}
