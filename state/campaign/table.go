package campaign

// edge is one line of the lifecycle: from these statuses, on this transition, when this holds, to that status or
// rejected for that reason.
type edge struct {
	from   []Status
	on     []Transition
	when   func(*Row, *Due) bool // nil: always
	to     Status
	reject Reason // empty: applied
}

// same stands for the status that the campaign has.
const same Status = "same"

// live are the statuses that are not final.
func live() []Status { return []Status{Scheduled, Active, Paused} }

// table is the contract's, line by line; the first line that fits holds. Nothing writes it.
//
// Two lines are not in the contract, since the sequencer never writes such a due: a schedule of a campaign that has one
// is a definition like any other, hence a reschedule; and what no line knows (any other due of a campaign without a
// schedule, an unknown transition) is superseded, the only reason that speaks of the due and not of a status.
var table = [...]edge{
	{from: []Status{None}, on: []Transition{Schedule}, to: Scheduled},
	{from: live(), on: []Transition{Schedule}, to: same},
	{from: live(), on: []Transition{Reschedule, Rezone}, to: same},
	{from: live(), on: []Transition{Distribute}, to: same},

	{from: []Status{Scheduled}, on: []Transition{Start}, when: windowPassed, reject: WindowPassed},
	{from: []Status{Scheduled}, on: []Transition{Start}, to: Active},
	{from: []Status{Paused}, on: []Transition{Start}, reject: IsPaused}, // the resume decides
	{from: []Status{Active}, on: []Transition{Start}, reject: AlreadyActive},

	{from: []Status{Scheduled, Active}, on: []Transition{Pause}, to: Paused},
	{from: []Status{Paused}, on: []Transition{Pause}, reject: AlreadyPaused},

	{from: []Status{Paused}, on: []Transition{Resume}, when: windowPassed, reject: WindowPassed},
	{from: []Status{Paused}, on: []Transition{Resume}, when: waitsForStart, to: Scheduled},
	{from: []Status{Paused}, on: []Transition{Resume}, to: Active},
	{from: []Status{Scheduled, Active}, on: []Transition{Resume}, reject: NotPaused},

	{from: live(), on: []Transition{End}, to: Completed},
	{from: live(), on: []Transition{Cancel}, to: Cancelled},
	{from: live(), on: []Transition{Settle}, reject: NotEnded},

	{from: []Status{Completed, Cancelled}, on: []Transition{Settle}, when: unsettled, to: same},
	{from: []Status{Completed}, reject: IsCompleted},
	{from: []Status{Cancelled}, reject: IsCancelled},

	{reject: Superseded},
}

// The window is half-open: equality at the start is inside, at the end outside.
func windowPassed(row *Row, due *Due) bool { return due.DecidedAt >= row.EndsAt }

func waitsForStart(row *Row, due *Due) bool { return !row.EverActive && due.DecidedAt < row.StartsAt }

func unsettled(row *Row, _ *Due) bool { return !row.Settled }

// find returns the line that decides the due; the last one fits everything.
func find(row *Row, due *Due) edge {
	for i := range table {
		line := &table[i]
		if fits(line.from, row.Status) && fits(line.on, due.Transition) && (line.when == nil || line.when(row, due)) {
			return *line
		}
	}
	return edge{reject: Superseded}
}

// fits says whether a value is listed; an empty list fits everything.
func fits[T comparable](listed []T, value T) bool {
	for _, each := range listed {
		if each == value {
			return true
		}
	}
	return len(listed) == 0
}
