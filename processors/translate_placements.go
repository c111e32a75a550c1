package processors

import (
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/device"
	"github.com/rmn-arms/campaign-engine/state/fanout"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/playlist"
	"github.com/rmn-arms/campaign-engine/topics"
)

// This file is where the words of the wire about what is to be where become those of the rules.

// placementChange translates a record of transitions-applied. The campaign that it carries is read when its row wants it alone:
// most transitions say nothing new about it. What is not readable can only have been written by others.
func placementChange(key string, message any, row *fanout.Row) (change fanout.Change, readable bool) {
	read, is := message.(topics.ReadApplied)
	if !is || read.Data.CampaignID != key {
		return change, false
	}
	applied := &read.Data
	change = fanout.Change{
		Sequence: applied.Sequence, Distributes: applied.Transition == schemas.Distribute,
		Live: applied.To == schemas.Scheduled || applied.To == schemas.Active,
		Over: applied.To == schemas.Completed || applied.To == schemas.Cancelled,
	}
	if !row.Wants(&change) {
		return change, true
	}
	placed, err := topics.DecodePlaced(applied.Campaign)
	if err != nil || !isPlaceable(&placed) {
		return change, false
	}
	change.Placement, change.Stores = placementOf(key, &placed), placed.Stores
	return change, true
}

// isPlaceable says whether a campaign is within the limits that timers holds definitions to.
func isPlaceable(placed *schemas.Placed) bool {
	if placed.Revision < 1 || len(placed.Stores) > schemas.StoresMaxCount || len(placed.Creatives) > schemas.CreativesMaxCount {
		return false
	}
	for _, store := range placed.Stores {
		if !schemas.IsStoreID(store) {
			return false
		}
	}
	for i := range placed.Creatives {
		if c := &placed.Creatives[i]; c.Version < 1 || c.Bytes < 1 || c.DurationMs < 1 {
			return false
		}
	}
	return true
}

func placementOf(campaignID string, placed *schemas.Placed) playlist.Placement {
	placement := playlist.Placement{
		CampaignID: campaignID, Revision: placed.Revision,
		StartsAt: instant.Instant(placed.StartsAt), EndsAt: instant.Instant(placed.EndsAt),
	}
	for i := range placed.Creatives {
		c := &placed.Creatives[i]
		placement.Creatives = append(placement.Creatives, playlist.Creative{
			ID: c.CreativeID, Version: c.Version, URL: c.URL, SHA256: c.SHA256, Bytes: c.Bytes, MIME: c.MIME,
			DurationMs: instant.Millis(c.DurationMs),
		})
	}
	return placement
}

// deviceEvent translates an event of a device.
func deviceEvent(event *topics.DeviceEvent) device.Event {
	translated := device.Event{
		Registered: event.Registered != nil, DeviceID: event.DeviceID(), Store: event.StoreID(), At: instant.Instant(event.Time),
	}
	if r := event.Registered; r != nil && r.Capabilities != nil {
		translated.Says, translated.MIME = true, r.Capabilities.MIME
	}
	return translated
}
