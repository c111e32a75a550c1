package schemas

import "strconv"

// Registered is the data of device.registered: a device is in a store, new or wiped. What a device's events come to is what they
// come to in the order of the CloudEvents time of their envelopes, in whatever order they are read. Stale is what is not newer
// than the newest registration or, of a removal, than the newest one from that store. A registration does not bring a device back
// that was removed from that store later, also when the removal was read before; the newest 16 removals are kept for that. Of
// two events of one time the one that is read first counts.
type Registered struct {
	DeviceID string `json:"device_id"`
	StoreID  string `json:"store_id"`
	TimeZone string `json:"time_zone,omitempty"` // IANA name; recorded, not used
	// Capabilities is nil when the device does not say what it can play: then it is sent everything.
	Capabilities *Capabilities `json:"capabilities,omitempty"`
}

// Capabilities is what a device can play.
type Capabilities struct {
	// MIME are media types without parameters, at most CapabilitiesMaxCount.
	MIME []string `json:"mime"`
}

// Removed is the data of device.removed: a device is in a store no more.
type Removed struct {
	DeviceID string `json:"device_id"`
	StoreID  string `json:"store_id"`
}

// Command is the data of device.command: the whole desired state of a device. The newest PlaylistRevision wins.
type Command struct {
	CommandID string `json:"command_id"` // see CommandID
	DeviceID  string `json:"device_id"`
	StoreID   string `json:"store_id"`
	// PlaylistRevision rises by device, also from store to store: max(previous + 1, the causing record's timestamp in ms).
	PlaylistRevision int64 `json:"playlist_revision"`
	// Attempt is 1 when the revision is sent for the first time.
	Attempt int64 `json:"attempt"`
	// ValidUntil is the latest EndsAt in Playlist, 7 d from its cause for an empty one; after it the device starts nothing.
	ValidUntil Instant `json:"valid_until"`
	// Playlist is in the order of StartsAt, then of the campaign's id, then of its definition.
	Playlist []PlaylistEntry `json:"playlist"`
}

// PlaylistEntry is a creative that a device plays within [StartsAt, EndsAt). It starts no spot that would not end in time.
type PlaylistEntry struct {
	CampaignID string  `json:"campaign_id"`
	CreativeID string  `json:"creative_id"`
	Version    int64   `json:"version"`
	URL        string  `json:"url"`
	SHA256     string  `json:"sha256"`
	Bytes      int64   `json:"bytes"`
	MIME       string  `json:"mime"`
	DurationMs int64   `json:"duration_ms"`
	StartsAt   Instant `json:"starts_at"`
	EndsAt     Instant `json:"ends_at"`
}

// AckStatus is how far a device has come with a command.
type AckStatus string

// The statuses of an ack.
const (
	AckReceived    AckStatus = "received"
	AckDownloading AckStatus = "downloading"
	AckReady       AckStatus = "ready"
	AckFailed      AckStatus = "failed"
)

// AckStatuses returns all statuses.
func AckStatuses() []AckStatus {
	return []AckStatus{AckReceived, AckDownloading, AckReady, AckFailed}
}

// Ack is the data of device.ack: what a device says of a command.
type Ack struct {
	CommandID        string    `json:"command_id"`
	DeviceID         string    `json:"device_id"`
	StoreID          string    `json:"store_id"`
	PlaylistRevision int64     `json:"playlist_revision"`
	Status           AckStatus `json:"status"`
	// Missing are creatives that it does not have, at most MissingMaxCount.
	Missing []string `json:"missing,omitempty"`
	// Error is a word of the device's own, for instance disk-full.
	Error string `json:"error,omitempty"`
	// DeviceTime is by the device's clock; recorded, nothing is decided by it.
	DeviceTime *Instant `json:"device_time,omitempty"`
}

// Readiness is the data of campaign.readiness: on how many of the devices that are to show a campaign its content is.
// Invariant: DevicesReady + DevicesFailed + DevicesUnreachable <= DevicesTotal.
type Readiness struct {
	CampaignID         string `json:"campaign_id"`
	Revision           int64  `json:"revision"` // of the campaign's definition
	DevicesTotal       int64  `json:"devices_total"`
	DevicesReady       int64  `json:"devices_ready"`
	DevicesFailed      int64  `json:"devices_failed"`
	DevicesUnreachable int64  `json:"devices_unreachable"`
	// Unready are the devices that are not ready, in the order of store and device, cut at ReadinessLinesMax; UnreadyTotal
	// counts all.
	Unready      []UnreadyDevice `json:"unready"`
	UnreadyTotal int64           `json:"unready_total"`
	// AtStart is there from the first activation on.
	AtStart *AtStart `json:"at_start,omitempty"`
}

// AtStart is the readiness at a campaign's first activation.
type AtStart struct {
	DevicesReady int64 `json:"devices_ready"`
	DevicesTotal int64 `json:"devices_total"`
}

// UnreadyDevice is a device that is not ready for a campaign, and why.
type UnreadyDevice struct {
	DeviceID string        `json:"device_id"`
	StoreID  string        `json:"store_id"`
	Reason   UnreadyReason `json:"reason"`
}

// UnreadyReason says why a device is not ready for a campaign: one of the constants, or "failed: " and the device's own word.
type UnreadyReason string

// The reasons.
const (
	UnreadyPending     UnreadyReason = "pending"     // it has not said that it is
	UnreadyFailed      UnreadyReason = "failed"      // it said that it cannot
	UnreadyUnplayable  UnreadyReason = "unplayable"  // it can play none of the campaign's creatives; counts as failed
	UnreadyUnreachable UnreadyReason = "unreachable" // it has been silent for too long
	UnreadyFull        UnreadyReason = "full"        // its playlist has no room for the campaign; counts as failed
)

// CommandID returns <device_id>/<playlist_revision>.
func CommandID(deviceID string, playlistRevision int64) string {
	return deviceID + "/" + strconv.FormatInt(playlistRevision, 10)
}

// SignatureHeader is the record header of a device.command that holds its detached JWS (RFC 7515, appendix F).
const SignatureHeader = "jws"
