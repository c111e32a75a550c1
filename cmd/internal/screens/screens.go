// Package screens tells what is to be on the screens of one store and what is: it folds the engine's rows of the store and what
// its devices have said, which somebody else read; nothing here reads a clock or a topic.
//
//	screens.go  what is told
//	fold.go     records in, a store and its devices out
//	text.go     a store for a person, and text_device.go a device
package screens

import "github.com/rmn-arms/campaign-engine/schemas"

// Store is a store: its campaigns and its devices.
type Store struct {
	StoreID string `json:"store_id"`
	// Campaigns are those that are placed there, in the order of their ids.
	Campaigns []Campaign `json:"campaigns"`
	// Devices are in the order of their ids.
	Devices []Device `json:"devices"`
	// SaidError says why it is not known what devices have said.
	SaidError string `json:"said_error,omitempty"`
}

// ByDeviceTime dates what devices have said by their own clocks, where they tell: an engine's that is driven is far from the
// broker's, by which At is, and devices go by it.
func (s *Store) ByDeviceTime() {
	for i := range s.Devices {
		if said := s.Devices[i].Said; said != nil && said.DeviceTime != nil {
			said.At = *said.DeviceTime
		}
	}
}

// Campaign is a campaign that is placed in a store.
type Campaign struct {
	CampaignID string          `json:"campaign_id"`
	Revision   int64           `json:"revision"`
	StartsAt   schemas.Instant `json:"starts_at"`
	EndsAt     schemas.Instant `json:"ends_at"`
	Creatives  int             `json:"creatives"`
	// Of DevicesTotal so many are ready, have failed, are unreachable; the others are pending.
	DevicesTotal       int64 `json:"devices_total"`
	DevicesReady       int64 `json:"devices_ready"`
	DevicesFailed      int64 `json:"devices_failed"`
	DevicesUnreachable int64 `json:"devices_unreachable"`
}

// Status is how a device stands to its newest playlist.
type Status string

// The statuses.
const (
	Ready       Status = "ready"
	Pending     Status = "pending"
	Failed      Status = "failed" // it cannot show a campaign, whichever the fault is
	Unreachable Status = "unreachable"
	Unsent      Status = "unsent"  // it is known, and has not been sent anything yet
	Leaving     Status = "leaving" // it was removed, which is not done yet
)

// Device is a device of a store.
type Device struct {
	DeviceID string `json:"device_id"`
	StoreID  string `json:"store_id"`
	Status   Status `json:"status"`
	// Since is when it was registered, new or wiped, by the event's time.
	Since schemas.Instant `json:"registered_at"`
	// MIME is what it says that it can play; nil when it does not say.
	MIME []string `json:"mime,omitempty"`
	// Playlist is its newest, nil before it was sent one.
	Playlist *Playlist `json:"playlist,omitempty"`
	// Changing says that a newer playlist may be on its way.
	Changing bool `json:"changing"`
	// Said is what it has said last, of whichever playlist; nil for nothing.
	Said *Said `json:"said,omitempty"`
	// OwesSince is since when it owes an answer, NextPush when it is sent its playlist once more; nil for not at all.
	OwesSince *schemas.Instant `json:"owes_since,omitempty"`
	NextPush  *schemas.Instant `json:"next_push,omitempty"`
}

// Playlist is what is to be on a device.
type Playlist struct {
	Revision int64 `json:"playlist_revision"`
	Attempt  int64 `json:"attempt"`
	// CausedAt is when that was published which the revision comes from.
	CausedAt schemas.Instant `json:"caused_at"`
	// Campaigns are in the order of the playlist. One that is left out of it, unplayable or full, has no creatives.
	Campaigns []Shown `json:"campaigns"`
}

// Shown is a campaign of a playlist.
type Shown struct {
	CampaignID string `json:"campaign_id"`
	// StartsAt and EndsAt are nil for a campaign that has just been taken away.
	StartsAt  *schemas.Instant `json:"starts_at,omitempty"`
	EndsAt    *schemas.Instant `json:"ends_at,omitempty"`
	Ready     bool             `json:"ready"`
	Reason    string           `json:"reason,omitempty"` // why it is not, in the words of campaign.readiness
	Creatives []Creative       `json:"creatives"`
}

// Creative is an entry of a playlist.
type Creative struct {
	CreativeID string `json:"creative_id"`
	// SinceRevision is the playlist's since which the entry is what it is; a revision is an instant in ms, about: see Since.
	SinceRevision int64           `json:"since_revision"`
	Since         schemas.Instant `json:"since"`
	Ready         bool            `json:"ready"`
	Reason        string          `json:"reason,omitempty"`
}

// Said is an ack.
type Said struct {
	Revision int64             `json:"playlist_revision"`
	Status   schemas.AckStatus `json:"status"`
	Missing  []string          `json:"missing,omitempty"`
	Error    string            `json:"error,omitempty"`
	// At is when it came, by the broker; DeviceTime is by the device's clock.
	At         schemas.Instant  `json:"at"`
	DeviceTime *schemas.Instant `json:"device_time,omitempty"`
}
