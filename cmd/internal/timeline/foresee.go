package timeline

import (
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/campaign"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// foresee says of timers that wait, in their order, which the lifecycle will reject if no change comes before them: it
// decides them as the lifecycle will. The row is the campaign's, with all that is due decided.
func foresee(row campaign.Row, revision int64, waiting []Pending) {
	for i := range waiting {
		p := &waiting[i]
		decision := campaign.Apply(row, campaign.Due{
			Transition: campaign.Transition(p.Transition), Revision: revision, DecidedAt: instant.Instant(p.At),
		})
		row, p.Void = decision.Row, schemas.RejectionReason(decision.Reason)
	}
}

// void tells a person why a timer will do nothing; empty when it will.
func (p Pending) void() string {
	switch p.Void {
	case "":
		return ""
	case schemas.RejectedAlreadyActive:
		return "will be ignored: already active"
	case schemas.RejectedPaused:
		return "will be ignored while paused: the resume decides"
	default:
		return "will be ignored: " + string(p.Void)
	}
}
