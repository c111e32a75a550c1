package topics

import "github.com/rmn-arms/campaign-engine/schemas"

// AckEvent is an accepted record of device-acks. Its strings share the memory of one text, the whole record's: clone what
// outlives the event.
type AckEvent struct {
	ID  string // of the CloudEvents envelope; what tells a repeat is what the ack says
	Ack *schemas.Ack
	// Trace is as in CampaignEvent.
	Trace TraceContext
}

// DecodeDeviceAck reads a record of device-acks, in CloudEvents' structured or binary mode. It returns either an event and
// nil, or the refusal beside an event of which nothing but Trace is set; it never panics and keeps no reference to its
// arguments.
//
// The checks come in the contract's order, as in DecodeCampaignEvent, and end with the schema. Whether there is such a device
// and whether it was sent such a revision is not looked at here, nor whether command_id is the id of that revision.
func DecodeDeviceAck(key, value []byte, headers []Header) (AckEvent, *Refusal) {
	held := borrowScratch()
	defer held.giveBack()
	envelope, trace, refusal := held.open(intake{DeviceAcks, storeKey, carriesAcks}, key, value, headers)
	if refusal != nil {
		return AckEvent{Trace: trace}, refusal
	}
	ack, broken := readAck(envelope.content)
	if broken = broken.under("data"); broken != nil {
		return AckEvent{Trace: trace}, refuse(schemas.BadSchema, broken.field, broken.rule)
	}
	return AckEvent{ID: envelope.id, Ack: ack, Trace: trace}, nil
}

func carriesAcks(kind schemas.Type) bool { return kind == schemas.DeviceAck }

func readAck(data part) (*schemas.Ack, *breach) {
	a := &schemas.Ack{}
	broken := readMembers(data, func(name string, value part) *breach {
		rule := ""
		switch name {
		case "command_id":
			a.CommandID, rule = readGivenText(value.text, schemas.CommandIDMaxChars)
		case "device_id":
			a.DeviceID, rule = readID(value.text)
		case "store_id":
			a.StoreID, rule = readStoreID(value.text)
		case "playlist_revision":
			a.PlaylistRevision, rule = readInteger(value.text, 1, schemas.IntegerMax)
		case "status":
			a.Status, rule = readAckStatus(value.text)
		case "missing":
			var broken *breach
			a.Missing, broken = readArray(value, schemas.MissingMaxCount, readCreativeID)
			return broken.under(name)
		case "error":
			a.Error, rule = readText(value.text, schemas.AckErrorMaxChars)
		case "device_time":
			a.DeviceTime, rule = readWritable(value.text)
		}
		return breachAt(name, rule)
	})
	if missing := missingOfAck(a); broken == nil && missing != "" {
		broken = breachAt(missing, ruleRequired)
	}
	if broken != nil {
		return nil, broken
	}
	return a, nil
}

func readCreativeID(value part) (string, *breach) {
	id, rule := readID(value.text)
	return id, breachAt("", rule)
}

func readAckStatus(value string) (schemas.AckStatus, string) {
	content, _ := text(value)
	switch s := schemas.AckStatus(content); s {
	case schemas.AckReceived, schemas.AckDownloading, schemas.AckReady, schemas.AckFailed:
		return s, ""
	}
	return "", "must be received, downloading, ready or failed"
}

func missingOfAck(a *schemas.Ack) string {
	switch {
	case a.CommandID == "":
		return "command_id"
	case a.DeviceID == "":
		return "device_id"
	case a.StoreID == "":
		return "store_id"
	case a.PlaylistRevision == 0:
		return "playlist_revision"
	case a.Status == "":
		return "status"
	}
	return ""
}
