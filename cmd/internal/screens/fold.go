package screens

import (
	"errors"
	"slices"
	"strings"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/device"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/playlist"
	"github.com/rmn-arms/campaign-engine/topics"
)

// The errors of looking at a store or a device.
var (
	ErrNoStore = errors.New("nothing is known of it: no campaign was distributed there and no device registered")
	ErrNoPlace = errors.New("nothing is known of it: no event of device-events is about it")
	ErrRow     = errors.New("the engine's table holds a row of another version")
)

// Fold gathers the records about one store. Records of one partition are to be added in their order.
type Fold struct {
	id    string
	row   []byte
	parts parts
	said  map[string]*Said // by device
	// saidMissing says why device-acks was not read.
	saidMissing string
}

// parts are the store's parts, to be read only.
type parts map[string][]byte

func (p parts) Part(name string) []byte { return p[name] }
func (p parts) SetPart(string, []byte)  {}

// For returns an empty fold of a store.
func For(storeID string) *Fold {
	return &Fold{id: storeID, parts: parts{}, said: make(map[string]*Said)}
}

// WithoutSaid says why what devices have said is not among the records.
func (f *Fold) WithoutSaid(why string) { f.saidMissing = why }

// IsAbout says whether a record with that key may be about the store.
func (f *Fold) IsAbout(key []byte) bool {
	_, is := f.part(key)
	return is
}

// part returns the part of the store's row that a key names, "" for the row itself.
func (f *Fold) part(key []byte) (name string, is bool) {
	if string(key) == f.id {
		return "", true
	}
	return strings.CutPrefix(string(key), engine.PartKey(f.id, ""))
}

// Add takes a record into account; those about other stores, and acks that cannot be read, are passed over.
func (f *Fold) Add(r topics.Record) {
	name, is := f.part(r.Key)
	if !is {
		return
	}
	switch topics.Name(r.Topic) {
	case topics.CampaignEngineStoresTable:
		switch {
		case name == "":
			f.row = r.Value
		case r.Value == nil:
			delete(f.parts, name)
		default:
			f.parts[name] = r.Value
		}
	case topics.DeviceAcks:
		f.addAck(r)
	}
}

// addAck notes what a device has said last. Acks of one device may lie in more than one partition: then the broker's time tells.
func (f *Fold) addAck(r topics.Record) {
	event, refusal := topics.DecodeDeviceAck(r.Key, r.Value, r.Headers)
	if refusal != nil {
		return
	}
	a := event.Ack
	if before := f.said[a.DeviceID]; before != nil && before.At > r.Timestamp {
		return
	}
	f.said[a.DeviceID] = &Said{
		Revision: a.PlaylistRevision, Status: a.Status, Missing: a.Missing, Error: a.Error, At: r.Timestamp, DeviceTime: a.DeviceTime,
	}
}

// Store returns the store. Error: ErrNoStore, or ErrRow.
func (f *Fold) Store() (*Store, error) {
	if f.row == nil {
		return nil, ErrNoStore
	}
	var row playlist.Store
	if row.UnmarshalBinary(f.row) != nil {
		return nil, ErrRow
	}
	seen, err := row.Look(f.parts)
	if err != nil {
		return nil, ErrRow
	}
	s := &Store{StoreID: f.id, Campaigns: []Campaign{}, Devices: []Device{}, SaidError: f.saidMissing}
	for i := range seen.Campaigns {
		c := &seen.Campaigns[i]
		s.Campaigns = append(s.Campaigns, Campaign{
			CampaignID: c.CampaignID, Revision: c.Revision, StartsAt: schemas.Instant(c.StartsAt), EndsAt: schemas.Instant(c.EndsAt),
			Creatives: len(c.Creatives), DevicesTotal: c.Total, DevicesReady: c.Ready, DevicesFailed: c.Failed,
			DevicesUnreachable: c.Unreachable,
		})
	}
	for i := range seen.Devices {
		s.Devices = append(s.Devices, f.device(s, &seen.Devices[i]))
	}
	return s, nil
}

func (f *Fold) device(s *Store, seen *playlist.SeenDevice) Device {
	d := Device{
		DeviceID: seen.ID, StoreID: f.id, Status: statusOf(seen), Since: schemas.Instant(seen.At), Changing: seen.Changing,
		Said: f.said[seen.ID], OwesSince: dueAt(seen.Awaiting), NextPush: dueAt(seen.PushDue),
	}
	if seen.Says {
		d.MIME = append([]string{}, seen.MIME...)
	}
	if seen.Revision == 0 {
		return d
	}
	d.Playlist = &Playlist{
		Revision: seen.Revision, Attempt: seen.Attempt, CausedAt: schemas.Instant(seen.Caused), Campaigns: []Shown{},
	}
	for i := range seen.Campaigns {
		d.Playlist.Campaigns = append(d.Playlist.Campaigns, shownOf(s, &seen.Campaigns[i]))
	}
	return d
}

func shownOf(s *Store, seen *playlist.SeenShown) Shown {
	shown := Shown{CampaignID: seen.CampaignID, Ready: seen.Reason == "", Reason: seen.Reason, Creatives: []Creative{}}
	at, is := slices.BinarySearchFunc(s.Campaigns, seen.CampaignID, func(c Campaign, id string) int {
		return strings.Compare(c.CampaignID, id)
	})
	if is {
		shown.StartsAt, shown.EndsAt = &s.Campaigns[at].StartsAt, &s.Campaigns[at].EndsAt
	}
	for _, e := range seen.Entries {
		shown.Creatives = append(shown.Creatives, Creative{
			CreativeID: e.CreativeID, SinceRevision: e.Since, Since: schemas.Instant(e.Since), Ready: e.Reason == "", Reason: e.Reason,
		})
	}
	return shown
}

func statusOf(seen *playlist.SeenDevice) Status {
	failed := slices.ContainsFunc(seen.Campaigns, func(c playlist.SeenShown) bool {
		return c.Reason != "" && c.Reason != string(schemas.UnreadyPending) && c.Reason != string(schemas.UnreadyUnreachable)
	})
	switch {
	case seen.Leaving:
		return Leaving
	case seen.Revision == 0:
		return Unsent
	case seen.Unreachable:
		return Unreachable
	case failed:
		return Failed
	case seen.Settled:
		return Ready
	}
	return Pending
}

// dueAt returns nil for never.
func dueAt(at instant.Instant) *schemas.Instant {
	if at == playlist.Never {
		return nil
	}
	is := schemas.Instant(at)
	return &is
}

// Device returns a device of the store; false when the store does not know it.
func (s *Store) Device(id string) (*Device, bool) {
	at := slices.IndexFunc(s.Devices, func(d Device) bool { return d.DeviceID == id })
	if at < 0 {
		return nil, false
	}
	return &s.Devices[at], true
}

// Place is where a device is by the registry's events.
type Place struct {
	// StoreID is the store that it is in, "" for none.
	StoreID string `json:"store_id"`
	// RemovedFrom is the store that it was in last, RemovedAt when it was removed, where it is in none.
	RemovedFrom string           `json:"removed_from,omitempty"`
	RemovedAt   *schemas.Instant `json:"removed_at,omitempty"`
	// Registered is when it was registered, new or wiped; zero where that is not known.
	Registered schemas.Instant `json:"-"`
}

// PlaceOf reads a device's row of campaign-engine-devices-table. Error: ErrNoPlace for no row, ErrRow.
func PlaceOf(value []byte) (*Place, error) {
	if value == nil {
		return nil, ErrNoPlace
	}
	var row device.Row
	if row.UnmarshalBinary(value) != nil {
		return nil, ErrRow
	}
	p := &Place{Registered: schemas.Instant(row.At)}
	store, is := row.In()
	if is {
		p.StoreID = store
		return p, nil
	}
	for _, m := range row.Removals { // in the order of their times
		if !row.Known || m.Store == row.Store {
			at := schemas.Instant(m.At)
			p.RemovedFrom, p.RemovedAt = m.Store, &at
		}
	}
	return p, nil
}
