package oracle

import (
	"cmp"
	"slices"
)

// presence is an event of a device.
type presence struct {
	at      int64 // ms
	store   string
	present bool
	says    bool
	mime    []string
}

// DeviceEvent takes a record of device-events.
func (b *Book) DeviceEvent(r Record) error {
	e, err := read[presenceJSON](&r)
	if err != nil {
		return err
	}
	p := presence{at: e.Time.UnixMilli(), store: e.Data.StoreID, present: e.Type == "device.registered"}
	if e.Data.Capabilities != nil {
		p.says, p.mime = true, e.Data.Capabilities.MIME
	}
	b.presences[e.Data.DeviceID] = append(b.presences[e.Data.DeviceID], p)
	return nil
}

// stays returns the registrations of a device that counted, in their order, and the one that holds, if any.
func (b *Book) stays(device string) (all []presence, now *presence) {
	events := slices.Clone(b.presences[device])
	slices.SortStableFunc(events, func(x, y presence) int { return cmp.Compare(x.at, y.at) })
	for i := range events {
		switch e := &events[i]; {
		case e.present:
			all, now = append(all, *e), e
		case now != nil && now.store == e.store:
			now = nil
		}
	}
	return all, now
}

// present returns the devices that are in a store in the end, by store.
func (b *Book) present() map[unitID]*presence {
	all := map[unitID]*presence{}
	for device := range b.presences {
		if _, now := b.stays(device); now != nil {
			all[unitID{device, now.store}] = now
		}
	}
	return all
}

func (p *presence) plays(mime string) bool { return !p.says || slices.Contains(p.mime, mime) }
