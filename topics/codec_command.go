package topics

import "github.com/rmn-arms/campaign-engine/schemas"

// EncodeCommand writes the value of a record of device-commands: equal events give equal bytes, those that are signed. It is
// written by hand, as the transitions are, and a test holds it against reflection; its error is EncodeDue's.
func EncodeCommand(event *schemas.Event[schemas.Command]) ([]byte, error) {
	held := borrowScratch()
	defer held.giveBack()
	w := beginEvent(held, event.ID, event.Type, event.Subject, event.Time)
	c := &event.Data
	w.text(`"command_id":`, c.CommandID)
	w.text(`,"device_id":`, c.DeviceID)
	w.text(`,"store_id":`, c.StoreID)
	w.integer(`,"playlist_revision":`, c.PlaylistRevision)
	w.integer(`,"attempt":`, c.Attempt)
	w.instant(`,"valid_until":`, c.ValidUntil)
	w.raw(`,"playlist":[`)
	for i := range c.Playlist {
		w.raw(separator(i, ""))
		writePlaylistEntry(&w, &c.Playlist[i])
	}
	w.raw("]")
	return w.endEvent("encoding a command")
}

func writePlaylistEntry(w *eventWriter, e *schemas.PlaylistEntry) {
	w.text(`{"campaign_id":`, e.CampaignID)
	w.text(`,"creative_id":`, e.CreativeID)
	w.integer(`,"version":`, e.Version)
	w.text(`,"url":`, e.URL)
	w.text(`,"sha256":`, e.SHA256)
	w.integer(`,"bytes":`, e.Bytes)
	w.text(`,"mime":`, e.MIME)
	w.integer(`,"duration_ms":`, e.DurationMs)
	w.instant(`,"starts_at":`, e.StartsAt)
	w.instant(`,"ends_at":`, e.EndsAt)
	w.raw("}")
}

// DecodeCommand reads the value of a record of device-commands with the care of an input, for whoever passes it on by what it
// says: its device and its store are ids, and its playlist is whole. It returns either an event and nil, or nil and the
// refusal, and keeps no reference to value. The event's strings share the memory of one text. What is returned can be written
// by EncodeCommand.
func DecodeCommand(value []byte) (*schemas.Event[schemas.Command], *Refusal) {
	if refusal := CheckSize(nil, value, nil); refusal != nil {
		return nil, refusal
	}
	held := borrowScratch()
	defer held.giveBack()
	document, refusal := held.readDocument(value)
	if refusal != nil {
		return nil, refusal
	}
	e, refusal := readStructured(document)
	switch {
	case refusal != nil:
		return nil, refusal
	case e.kind != schemas.DeviceCommand:
		return nil, refuse(schemas.UnknownType, "type", "must be "+string(schemas.DeviceCommand))
	case e.data == "":
		return nil, checkData(e)
	case e.time != nil && !canBeWritten(*e.time):
		return nil, refuse(schemas.Malformed, "time", ruleYears)
	}
	command, broken := readCommand(e.content)
	if broken = broken.under("data"); broken != nil {
		return nil, refuse(schemas.BadSchema, broken.field, broken.rule)
	}
	return &schemas.Event[schemas.Command]{
		SpecVersion: schemas.SpecVersion, ID: e.id, Source: e.source, Type: e.kind, Subject: e.subject, Time: e.time,
		DataContentType: schemas.DataContentType, Data: command,
	}, nil
}

// playlistMaxCount is more entries than fit into a record: their names and hashes alone have more than 200 bytes each.
const playlistMaxCount = schemas.RecordMaxBytes / 200

func readCommand(data part) (c schemas.Command, broken *breach) {
	var validUntil *schemas.Instant
	listed := false
	broken = readMembers(data, func(name string, value part) *breach {
		rule := ""
		switch name {
		case "command_id":
			c.CommandID, rule = readGivenText(value.text, schemas.CommandIDMaxChars)
		case "device_id":
			c.DeviceID, rule = readID(value.text)
		case "store_id":
			c.StoreID, rule = readStoreID(value.text)
		case "playlist_revision":
			c.PlaylistRevision, rule = readInteger(value.text, 1, schemas.IntegerMax)
		case "attempt":
			c.Attempt, rule = readInteger(value.text, 1, schemas.IntegerMax)
		case "valid_until":
			validUntil, rule = readWritable(value.text)
		case "playlist":
			var broken *breach
			c.Playlist, broken = readArray(value, playlistMaxCount, readPlaylistEntry)
			listed = true
			return broken.under(name)
		}
		return breachAt(name, rule)
	})
	switch missing := missingOfCommand(&c, validUntil != nil, listed); {
	case broken != nil:
		return c, broken
	case missing != "":
		return c, breachAt(missing, ruleRequired)
	case c.CommandID != schemas.CommandID(c.DeviceID, c.PlaylistRevision):
		return c, breachAt("command_id", "must be <device_id>/<playlist_revision>")
	}
	c.ValidUntil = *validUntil
	return c, nil
}

func missingOfCommand(c *schemas.Command, valid, listed bool) string {
	switch {
	case c.CommandID == "":
		return "command_id"
	case c.DeviceID == "":
		return "device_id"
	case c.StoreID == "":
		return "store_id"
	case c.PlaylistRevision == 0:
		return "playlist_revision"
	case c.Attempt == 0:
		return "attempt"
	case !valid:
		return "valid_until"
	case !listed:
		return "playlist"
	}
	return ""
}

func readPlaylistEntry(value part) (e schemas.PlaylistEntry, broken *breach) {
	var starts, ends bool // zero is an instant, too
	broken = readMembers(value, func(name string, value part) *breach {
		rule := ""
		switch name {
		case "campaign_id":
			e.CampaignID, rule = readID(value.text)
		case "creative_id":
			e.CreativeID, rule = readID(value.text)
		case "version":
			e.Version, rule = readInteger(value.text, 1, schemas.IntegerMax)
		case "url":
			e.URL, rule = readURL(value.text)
		case "sha256":
			e.SHA256, rule = readSHA256(value.text)
		case "bytes":
			e.Bytes, rule = readInteger(value.text, 1, schemas.IntegerMax)
		case "mime":
			e.MIME, rule = readMediaType(value.text)
		case "duration_ms":
			e.DurationMs, rule = readInteger(value.text, 1, schemas.IntegerMax)
		case "starts_at":
			e.StartsAt, rule = readWritableValue(value.text)
			starts = true
		case "ends_at":
			e.EndsAt, rule = readWritableValue(value.text)
			ends = true
		}
		return breachAt(name, rule)
	})
	if missing := missingOfEntry(&e, starts, ends); broken == nil && missing != "" {
		broken = breachAt(missing, ruleRequired)
	}
	return e, broken
}

func missingOfEntry(e *schemas.PlaylistEntry, starts, ends bool) string {
	switch {
	case e.CampaignID == "":
		return "campaign_id"
	case !starts:
		return "starts_at"
	case !ends:
		return "ends_at"
	}
	return missingOfCreative(schemas.Creative{
		CreativeID: e.CreativeID, Version: e.Version, URL: e.URL, SHA256: e.SHA256, Bytes: e.Bytes, MIME: e.MIME,
		DurationMs: e.DurationMs,
	})
}
