package topics

import "github.com/rmn-arms/campaign-engine/schemas"

// DeviceEvent is an accepted record of device-events. Exactly one of Registered and Removed is set. Its strings share the
// memory of one text, the whole record's: clone what outlives the event.
type DeviceEvent struct {
	ID   string // of the CloudEvents envelope
	Kind schemas.Type
	// Time is the envelope's: the events of a device are ordered by it. It can be written in RFC 3339.
	Time       schemas.Instant
	Registered *schemas.Registered
	Removed    *schemas.Removed
	// Trace is as in CampaignEvent.
	Trace TraceContext
}

// DeviceID returns the device that the event is about.
func (e DeviceEvent) DeviceID() string {
	if e.Registered != nil {
		return e.Registered.DeviceID
	}
	return e.Removed.DeviceID
}

// StoreID returns the store that the event is about; it equals the record's key.
func (e DeviceEvent) StoreID() string {
	if e.Registered != nil {
		return e.Registered.StoreID
	}
	return e.Removed.StoreID
}

// DecodeDeviceEvent reads a record of device-events, in CloudEvents' structured or binary mode. It returns either an event and
// nil, or the refusal beside an event of which nothing but Trace is set; it never panics and keeps no reference to its
// arguments.
//
// The checks come in the contract's order, as in DecodeCampaignEvent, and end with the schema. An envelope without time is
// well formed, but of no use here: the schema's part of the checks refuses it.
func DecodeDeviceEvent(key, value []byte, headers []Header) (DeviceEvent, *Refusal) {
	held := borrowScratch()
	defer held.giveBack()
	envelope, trace, refusal := held.open(intake{DeviceEvents, storeKey, carriesDevices}, key, value, headers)
	if refusal != nil {
		return DeviceEvent{Trace: trace}, refusal
	}
	event, broken := readDeviceEvent(envelope)
	if broken != nil {
		return DeviceEvent{Trace: trace}, refuse(schemas.BadSchema, broken.field, broken.rule)
	}
	event.Trace = trace
	return event, nil
}

func carriesDevices(kind schemas.Type) bool {
	return kind == schemas.DeviceRegistered || kind == schemas.DeviceRemoved
}

func readDeviceEvent(e envelope) (event DeviceEvent, broken *breach) {
	switch {
	case e.time == nil:
		return event, breachAt("time", ruleRequired)
	case !canBeWritten(*e.time):
		return event, breachAt("time", ruleYears)
	}
	event = DeviceEvent{ID: e.id, Kind: e.kind, Time: *e.time}
	if e.kind == schemas.DeviceRegistered {
		event.Registered, broken = readRegistered(e.content)
	} else {
		event.Removed, broken = readRemoved(e.content)
	}
	return event, broken.under("data")
}

func readRegistered(data part) (*schemas.Registered, *breach) {
	r := &schemas.Registered{}
	broken := readMembers(data, func(name string, value part) *breach {
		rule := ""
		switch name {
		case "device_id":
			r.DeviceID, rule = readID(value.text)
		case "store_id":
			r.StoreID, rule = readStoreID(value.text)
		case "time_zone":
			r.TimeZone, rule = readText(value.text, schemas.ZoneMaxChars)
		case "capabilities":
			var broken *breach
			r.Capabilities, broken = readCapabilities(value)
			return broken.under(name)
		}
		return breachAt(name, rule)
	})
	if missing := missingOfDevice(r.DeviceID, r.StoreID); broken == nil && missing != "" {
		broken = breachAt(missing, ruleRequired)
	}
	if broken != nil {
		return nil, broken
	}
	return r, nil
}

// readCapabilities tells a device that can play nothing, whose list is empty, from one that does not say what it can.
func readCapabilities(value part) (*schemas.Capabilities, *breach) {
	c := &schemas.Capabilities{}
	listed := false
	broken := readMembers(value, func(name string, value part) (broken *breach) {
		if name == "mime" {
			c.MIME, broken = readArray(value, schemas.CapabilitiesMaxCount, readCapability)
			listed = true
		}
		return broken.under(name)
	})
	if broken == nil && !listed {
		broken = breachAt("mime", ruleRequired)
	}
	if broken != nil {
		return nil, broken
	}
	return c, nil
}

func readCapability(value part) (string, *breach) {
	mediaType, rule := readMediaType(value.text)
	return mediaType, breachAt("", rule)
}

func readRemoved(data part) (*schemas.Removed, *breach) {
	r := &schemas.Removed{}
	broken := readMembers(data, func(name string, value part) *breach {
		rule := ""
		switch name {
		case "device_id":
			r.DeviceID, rule = readID(value.text)
		case "store_id":
			r.StoreID, rule = readStoreID(value.text)
		}
		return breachAt(name, rule)
	})
	if missing := missingOfDevice(r.DeviceID, r.StoreID); broken == nil && missing != "" {
		broken = breachAt(missing, ruleRequired)
	}
	if broken != nil {
		return nil, broken
	}
	return r, nil
}

func missingOfDevice(deviceID, storeID string) string {
	switch {
	case deviceID == "":
		return "device_id"
	case storeID == "":
		return "store_id"
	}
	return ""
}
