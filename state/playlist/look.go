package playlist

import (
	"slices"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// Seen is a store as it is, for somebody who looks at it: what is to be on its devices, and how they stand.
type Seen struct {
	// Campaigns are those that are placed, in the order of their ids.
	Campaigns []SeenCampaign
	// Devices are in the order of their ids.
	Devices []SeenDevice
}

// SeenCampaign is a campaign that is placed in a store, and how its devices stand to it.
type SeenCampaign struct {
	Placement
	// Total are the devices that it is for; Ready, Failed and Unreachable of them are what they say, the others pending.
	Total, Ready, Failed, Unreachable int64
}

// SeenDevice is a device of a store.
type SeenDevice struct {
	ID string
	// At is when its newest presence was, by the event's time.
	At   instant.Instant
	Says bool // it says what it can play: MIME
	MIME []string
	// Changing says that its playlist may be another than the one it was sent, as soon as the store is flushed; Leaving that it is
	// in the store no more, as soon as that is done.
	Changing, Leaving bool
	// Revision and Attempt are those of its newest command, 0 where none was sent since it was registered; Caused is when the
	// record was that the revision comes from.
	Revision, Attempt int64
	Caused            instant.Instant
	// Settled says that it is ready for all that it was sent.
	Settled bool
	// PushDue is when it is sent its newest command once more, Awaiting since when it owes an answer; Never for not at all.
	PushDue, Awaiting instant.Instant
	Unreachable       bool
	// Campaigns are those of its playlist, in order, and those that are left out of it.
	Campaigns []SeenShown
}

// SeenShown is a campaign on a device. Reason is empty when the device is ready for it, else why it is not, in the contract's
// words: one that is left out of the playlist, unplayable or full, has no entries.
type SeenShown struct {
	CampaignID string
	Reason     string
	Entries    []SeenEntry
}

// SeenEntry is an entry of a device's newest command.
type SeenEntry struct {
	CreativeID string
	// Since is the playlist revision since which the entry is what it is.
	Since int64
	// Reason is as in SeenShown.
	Reason string
}

// Look returns the store as it is. Its error is ErrPart.
func (s *Store) Look(parts Parts) (*Seen, error) {
	f := firing{next: *s, parts: parts, devices: make(map[string]*device)}
	known, err := f.index()
	if err != nil {
		return nil, err
	}
	sums, err := f.sum(*known)
	if err != nil {
		return nil, err
	}
	placements, err := known.placements(parts)
	if err != nil {
		return nil, err
	}
	seen := &Seen{}
	for i := range *known {
		if (*known)[i].placed {
			p, sum := placements[len(seen.Campaigns)], &sums[i]
			seen.Campaigns = append(seen.Campaigns, SeenCampaign{p, sum.Total, sum.Ready, sum.Failed, sum.Unreachable})
		}
	}
	for i := range s.Devices {
		r := &s.Devices[i]
		d, err := f.device(r.ID)
		if err != nil {
			return nil, err
		}
		seen.Devices = append(seen.Devices, d.look(r))
	}
	return seen, nil
}

func (d *device) look(r *Resident) SeenDevice {
	seen := SeenDevice{
		ID: r.ID, At: d.at, Says: d.says, MIME: slices.Clone(d.mime), Changing: r.Dirty, Leaving: r.Leaving,
		PushDue: Never, Awaiting: Never,
	}
	if d.fresh { // what it was sent was in another life of it
		return seen
	}
	seen.Revision, seen.Attempt, seen.Caused, seen.Settled = d.revision, d.attempt, d.caused, d.settled()
	seen.Awaiting, seen.Unreachable = d.awaiting, d.unreachable
	if !d.unreachable && d.awaiting != Never {
		seen.PushDue = d.pushDue
	}
	for i := range d.shown {
		seen.Campaigns = append(seen.Campaigns, d.shown[i].look(d.unreachable))
	}
	return seen
}

func (s *shown) look(unreachable bool) SeenShown {
	standing, reason := s.standing()
	seen := SeenShown{CampaignID: s.id, Reason: reasonOf(standing, reason, unreachable)}
	for i := range s.entries {
		e := &s.entries[i]
		alone := shown{entries: []sent{*e}}
		standing, reason := alone.standing()
		seen.Entries = append(seen.Entries, SeenEntry{e.creative, e.since, reasonOf(standing, reason, unreachable)})
	}
	return seen
}

// reasonOf is why something is not ready: a device that is silent is unreachable for what it has not spoken of.
func reasonOf(standing state, reason string, unreachable bool) string {
	if standing == pending && unreachable {
		return reasonUnreachable
	}
	return reason
}
