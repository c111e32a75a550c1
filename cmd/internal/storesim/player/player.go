// Package player decides what a device shows: pure functions over its playlist and the time by its own clock.
package player

import (
	"cmp"
	"time"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// SpotMin is how long a spot lasts at least, whatever its definition says: no screen changes faster.
const SpotMin = 100 * time.Millisecond

// Never is a wake-up that does not come.
const Never = schemas.InstantMax

// Playlist is what a device was told to show.
type Playlist struct {
	Entries []schemas.PlaylistEntry
	// ValidUntil is the last instant at which something of it may start.
	ValidUntil schemas.Instant
}

// Place is where an entry stands in the round: the order of playlists. The zero Place is before all entries.
type Place struct {
	StartsAt             schemas.Instant
	CampaignID, Creative string
	Version              int64
}

// PlaceOf returns an entry's place.
func PlaceOf(e *schemas.PlaylistEntry) Place {
	return Place{StartsAt: e.StartsAt, CampaignID: e.CampaignID, Creative: e.CreativeID, Version: e.Version}
}

// Compare orders places.
func (p Place) Compare(other Place) int {
	return cmp.Or(cmp.Compare(p.StartsAt, other.StartsAt), cmp.Compare(p.CampaignID, other.CampaignID),
		cmp.Compare(p.Creative, other.Creative), cmp.Compare(p.Version, other.Version))
}

// Decision is what a device that shows nothing does now.
type Decision struct {
	// Start is the entry to start now, nil for none.
	Start *schemas.PlaylistEntry
	// Wake is when to decide again if Start is nil and nothing else happens before; Never when there is nothing to wait for.
	Wake schemas.Instant
}

// Next decides what a device that shows nothing does at now: among the entries that may start it takes the one whose turn
// it is after last. held says which contents the device has. The instants are by the device's clock.
func Next(p Playlist, held func(sha256 string) bool, last Place, now schemas.Instant) Decision {
	var first, after *schemas.PlaylistEntry
	wake := Never
	for i := range p.Entries {
		e := &p.Entries[i]
		if e.StartsAt > now && mayStart(p, e, e.StartsAt) {
			wake = min(wake, e.StartsAt)
		}
		if !mayStart(p, e, now) || !held(e.SHA256) {
			continue
		}
		if first == nil || PlaceOf(e).Compare(PlaceOf(first)) < 0 {
			first = e
		}
		if PlaceOf(e).Compare(last) > 0 && (after == nil || PlaceOf(e).Compare(PlaceOf(after)) < 0) {
			after = e
		}
	}
	if after == nil {
		after = first
	}
	return Decision{Start: after, Wake: wake}
}

// mayStart says whether a spot that starts at now lies in its window whole, and the playlist still holds.
func mayStart(p Playlist, e *schemas.PlaylistEntry, now schemas.Instant) bool {
	return now >= e.StartsAt && now <= p.ValidUntil && Lasts(e) <= e.EndsAt-now
}

// Lasts returns how long a spot of an entry lasts, in ms.
func Lasts(e *schemas.PlaylistEntry) schemas.Instant {
	return schemas.Instant(max(e.DurationMs, SpotMin.Milliseconds()))
}

// MayGoOn says whether a spot that is being shown may be shown to its end at ends under a playlist: it is still in it, with
// the same content and a window that holds it.
func MayGoOn(p Playlist, shown *schemas.PlaylistEntry, now, ends schemas.Instant) bool {
	for i := range p.Entries {
		e := &p.Entries[i]
		if e.CampaignID == shown.CampaignID && e.CreativeID == shown.CreativeID && e.SHA256 == shown.SHA256 &&
			e.StartsAt <= now && ends <= e.EndsAt {
			return true
		}
	}
	return false
}
