package processors

import (
	"github.com/rmn-arms/campaign-engine/state/playlist"
	"github.com/rmn-arms/campaign-engine/state/readiness"
)

// PlacementCodec is the codec of store-placements: *playlist.Placement. What cannot be read is an Unreadable.
type PlacementCodec = rowCodec[playlist.Placement, *playlist.Placement]

// PresenceCodec is the codec of store-devices: *playlist.Presence. What cannot be read is an Unreadable.
type PresenceCodec = rowCodec[playlist.Presence, *playlist.Presence]

// departures is the codec of device-departures: *playlist.Departure. What cannot be read is an Unreadable.
type departures = rowCodec[playlist.Departure, *playlist.Departure]

// readinessChanges is the codec of readiness-changes: *readiness.Change. What cannot be read is an Unreadable.
type readinessChanges = rowCodec[readiness.Change, *readiness.Change]
