package run

import (
	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/playlist"
	"github.com/rmn-arms/campaign-engine/topics"
)

// outcomesOf are the outcomes that a group shows from the start: those that somebody is to hear of when they grow.
func outcomesOf(group string) []string {
	outcomes := []string{processors.Duplicates, processors.UnreadableRows}
	switch group {
	case topics.Timers:
		outcomes = append(outcomes, processors.Rezoned, processors.Unmoved, processors.RezoneKept)
	case topics.Budgets:
		outcomes = append(outcomes,
			processors.Noted, processors.Held, processors.Locked, processors.LockedEarly, processors.Adjusted,
			processors.Provisional)
		for _, verdict := range schemas.Verdicts() {
			outcomes = append(outcomes, string(verdict))
		}
	case topics.Placements:
		outcomes = append(outcomes,
			processors.Noted, processors.PassedOver, processors.Placed, processors.Unplaced, processors.Continued)
	case topics.Devices:
		outcomes = append(outcomes,
			processors.Registered, processors.Moved, processors.Removed, processors.Elsewhere, processors.Stale)
	case topics.Stores:
		outcomes = append(outcomes, processors.Commanded, processors.Pushed, processors.GivenUp, processors.ReadinessTold)
		for _, kind := range []string{processors.Placement, processors.Presence, processors.Acked} {
			outcomes = append(outcomes, kind+playlist.Taken.String())
		}
		outcomes = append(outcomes,
			processors.Placement+playlist.NoRoom.String(), processors.Presence+playlist.NoRoom.String())
	case topics.Readiness:
		outcomes = append(outcomes,
			processors.Noted, processors.PassedOver, processors.Summed, processors.AfterEnd, processors.Reported)
	}
	return outcomes
}
