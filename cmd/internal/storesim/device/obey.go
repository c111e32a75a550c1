package device

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// Reason is why a record is not obeyed; empty when it is.
type Reason string

// The reasons, in the order in which they are looked for: nothing of a record is read before its signature is known to be
// right.
const (
	Unsigned      Reason = "unsigned"      // no header jws
	UnknownKey    Reason = "unknown-key"   // signed with a key that the engine does not publish
	BadSignature  Reason = "bad-signature" // the signature is not of these bytes by that key
	Malformed     Reason = "malformed"     // no command that can be carried out
	OtherStore    Reason = "other-store"
	OtherDevice   Reason = "other-device"
	OlderRevision Reason = "older-revision"
	BeforeBirth   Reason = "before-birth" // of the time before the device was set up: an old command, sent again
	SameAgain     Reason = "same-again"   // the revision that is obeyed, with an attempt that was seen
	Conflict      Reason = "conflict"     // the revision that is obeyed, with another playlist
)

// Signature is what the check of a record's signature has said: empty when it is right, else Unsigned, UnknownKey or
// BadSignature.
type Signature = Reason

// Received is a record of the store's topic for a device.
type Received struct {
	Key       string
	Value     []byte
	Signature Signature
	Offset    int64
}

// Obeyed is the command that a device obeys. The zero value is none.
type Obeyed struct {
	Revision int64 `json:"playlist_revision"`
	Attempt  int64 `json:"attempt"`
	// Content is a hash of the playlist and its validity.
	Content    string                  `json:"content"`
	ValidUntil schemas.Instant         `json:"valid_until"`
	Playlist   []schemas.PlaylistEntry `json:"playlist"`
}

// Verdict is what becomes of a record.
type Verdict struct {
	// Reason is empty when the record is obeyed, now or (Again) already.
	Reason Reason
	// Again says that the obeyed revision came with a higher attempt: it is acked once more.
	Again bool
	// Command is what the record says, as far as its signature is right and it can be read.
	Command Obeyed
}

// Self is who judges.
type Self struct {
	DeviceID, StoreID string
	// NotBefore is the least revision that can be meant for this life of the device. A revision is no less than the timestamp
	// in ms of what caused it, and for a device that was set up and then registered that is its registration: so a device that
	// has lost all that it knew is not taken in by an old command. 0 when it was registered by somebody else, perhaps before.
	NotBefore int64
}

// Judge decides whether a device obeys a record.
func Judge(self *Self, obeys *Obeyed, r *Received) Verdict {
	if r.Signature != "" {
		return Verdict{Reason: r.Signature}
	}
	command, err := read(r.Value)
	if err != nil {
		return Verdict{Reason: Malformed}
	}
	v := Verdict{Command: obeyed(command)}
	switch {
	case command.StoreID != self.StoreID:
		v.Reason = OtherStore
	case command.DeviceID != self.DeviceID || r.Key != self.DeviceID:
		v.Reason = OtherDevice
	case command.PlaylistRevision < obeys.Revision:
		v.Reason = OlderRevision
	case command.PlaylistRevision < self.NotBefore:
		v.Reason = BeforeBirth
	case command.PlaylistRevision > obeys.Revision:
	case v.Command.Content != obeys.Content:
		v.Reason = Conflict
	case command.Attempt <= obeys.Attempt:
		v.Reason = SameAgain
	default:
		v.Again = true
	}
	return v
}

// read reads a command. Error: it is none, or one that cannot be carried out.
func read(value []byte) (*schemas.Command, error) {
	var event schemas.Event[schemas.Command]
	if err := json.Unmarshal(value, &event); err != nil {
		return nil, fmt.Errorf("reading a command: %w", err)
	}
	c := &event.Data
	switch {
	case event.SpecVersion != schemas.SpecVersion || event.Type != schemas.DeviceCommand:
		return nil, fmt.Errorf("reading a command: it is a %q", event.Type)
	case c.PlaylistRevision < 1 || c.Attempt < 1:
		return nil, fmt.Errorf("reading a command: revision %d, attempt %d", c.PlaylistRevision, c.Attempt)
	case c.CommandID != schemas.CommandID(c.DeviceID, c.PlaylistRevision):
		return nil, fmt.Errorf("reading a command: its id is %q", c.CommandID)
	}
	for i := range c.Playlist {
		if err := check(&c.Playlist[i]); err != nil {
			return nil, fmt.Errorf("reading entry %d of a command: %w", i, err)
		}
	}
	return c, nil
}

// check refuses what a device cannot carry out, and what would be no name of a file in its cache.
func check(e *schemas.PlaylistEntry) error {
	e.SHA256 = strings.ToLower(e.SHA256)
	if sum, err := hex.DecodeString(e.SHA256); err != nil || len(sum) != sha256.Size {
		return fmt.Errorf("sha256 %q", e.SHA256)
	}
	if !schemas.IsID(e.CampaignID) || !schemas.IsID(e.CreativeID) {
		return fmt.Errorf("campaign %q, creative %q", e.CampaignID, e.CreativeID)
	}
	if e.Bytes < 0 || e.DurationMs < 0 || e.StartsAt >= e.EndsAt {
		return fmt.Errorf("%d bytes, %d ms, from %s to %s", e.Bytes, e.DurationMs, e.StartsAt, e.EndsAt)
	}
	if u, err := url.Parse(e.URL); err != nil || u.Scheme == "" {
		return fmt.Errorf("url %q", e.URL)
	}
	return nil
}

func obeyed(c *schemas.Command) Obeyed {
	o := Obeyed{Revision: c.PlaylistRevision, Attempt: c.Attempt, ValidUntil: c.ValidUntil, Playlist: c.Playlist}
	// Instants that RFC 3339 cannot write were not read either.
	text, err := json.Marshal(struct {
		ValidUntil schemas.Instant
		Playlist   []schemas.PlaylistEntry
	}{o.ValidUntil, o.Playlist})
	if err == nil {
		sum := sha256.Sum256(text)
		o.Content = hex.EncodeToString(sum[:])
	}
	return o
}
