package processors

import (
	"strconv"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/playlist"
)

// This file is where the words of the wire about playlists become those of the rules and back.

// ackOf translates an ack; false when its command_id is not the id of the revision that it names: no such command was sent.
func ackOf(ack *schemas.Ack) (playlist.Ack, bool) {
	translated := playlist.Ack{DeviceID: ack.DeviceID, Revision: ack.PlaylistRevision, Missing: ack.Missing, Word: ack.Error}
	switch ack.Status {
	case schemas.AckReady:
		translated.Status = playlist.Ready
	case schemas.AckFailed:
		translated.Status = playlist.Failed
	case schemas.AckReceived, schemas.AckDownloading:
		translated.Status = playlist.Underway
	}
	return translated, ack.CommandID == schemas.CommandID(ack.DeviceID, ack.PlaylistRevision)
}

// commandEvent is a command to a device of a store.
func commandEvent(storeID string, c *playlist.Command) schemas.Event[schemas.Command] {
	data := schemas.Command{
		CommandID: schemas.CommandID(c.DeviceID, c.Revision), DeviceID: c.DeviceID, StoreID: storeID,
		PlaylistRevision: c.Revision, Attempt: c.Attempt, ValidUntil: schemas.Instant(c.ValidUntil),
		Playlist: make([]schemas.PlaylistEntry, len(c.Entries)),
	}
	for i := range c.Entries {
		e := &c.Entries[i]
		data.Playlist[i] = schemas.PlaylistEntry{
			CampaignID: e.CampaignID, CreativeID: e.ID, Version: e.Version, URL: e.URL, SHA256: e.SHA256, Bytes: e.Bytes,
			MIME: e.MIME, DurationMs: int64(e.DurationMs), StartsAt: schemas.Instant(e.StartsAt), EndsAt: schemas.Instant(e.EndsAt),
		}
	}
	id := data.CommandID + "/" + strconv.FormatInt(c.Attempt, 10)
	return schemas.NewEvent(id, schemas.DeviceCommand, storeID, schemas.Instant(c.At), data)
}
