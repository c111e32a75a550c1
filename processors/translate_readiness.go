package processors

import (
	"strconv"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/readiness"
	"github.com/rmn-arms/campaign-engine/topics"
)

// This file is where the words of the wire about readiness become those of the rules and back.

// readinessTransition translates a record of transitions-applied. What is not readable can only have been written by others.
func readinessTransition(key string, message any) (transition readiness.Transition, readable bool) {
	read, is := message.(topics.ReadApplied)
	if !is || read.Data.CampaignID != key {
		return transition, false
	}
	applied := &read.Data
	transition = readiness.Transition{
		Sequence: applied.Sequence, Activates: applied.FirstActive, At: instant.Instant(applied.DecidedAt),
		Ends: applied.To == schemas.Completed || applied.To == schemas.Cancelled,
	}
	switch applied.Transition {
	case schemas.Schedule, schemas.Reschedule, schemas.Rezone:
		transition.Revision = applied.Revision
	case schemas.End:
		transition.At = instant.Instant(applied.ScheduledFor)
	}
	return transition, true
}

// readinessEvent is a report of a campaign.
func readinessEvent(campaignID string, r *readiness.Report) schemas.Event[schemas.Readiness] {
	data := schemas.Readiness{
		CampaignID: campaignID, Revision: r.Revision, DevicesTotal: r.Total, DevicesReady: r.Ready, DevicesFailed: r.Failed,
		DevicesUnreachable: r.Unreachable, UnreadyTotal: r.Total - r.Ready,
		Unready: make([]schemas.UnreadyDevice, 0, len(r.Unready)),
	}
	if r.AtStart != nil {
		data.AtStart = &schemas.AtStart{DevicesReady: r.AtStart.Ready, DevicesTotal: r.AtStart.Total}
	}
	for _, u := range r.Unready {
		data.Unready = append(data.Unready, schemas.UnreadyDevice{
			DeviceID: u.DeviceID, StoreID: u.StoreID, Reason: schemas.UnreadyReason(u.Reason),
		})
	}
	id := campaignID + "/readiness/" + strconv.FormatInt(r.Number, 10)
	return schemas.NewEvent(id, schemas.CampaignReadiness, campaignID, schemas.Instant(r.At), data)
}
