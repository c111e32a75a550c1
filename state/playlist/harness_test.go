package playlist_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/playlist"
	"github.com/rmn-arms/campaign-engine/state/readiness"
)

// fataler is what *testing.T, *testing.B and *rapid.T have in common here.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// parts keeps parts in memory, as the engine's table does.
type parts map[string][]byte

func (p parts) Part(name string) []byte { return p[name] }

func (p parts) SetPart(name string, value []byte) {
	if value == nil {
		delete(p, name)
		return
	}
	p[name] = value
}

// began is when the shops begin.
const (
	began  instant.Instant = 1_796_000_000_000
	second instant.Millis  = 1000
	minute                 = 60 * second
	hour                   = 60 * minute
	day                    = 24 * hour
)

// shop is a store as the group keeps it, in bytes between two steps, and all that it has said.
type shop struct {
	t       fataler
	row     []byte
	parts   parts
	now     instant.Instant
	offset  int64
	sent    map[string][]playlist.Command // by device
	sentAt  map[string][]instant.Instant  // in parallel
	told    map[string]readiness.Change
	changes int
	givenUp int
	// departed are those that the store has let go, in their order.
	departed []playlist.Departure
	// fired is called for each command.
	onCommand func(playlist.Command)
}

func newShop(t fataler) *shop {
	return &shop{
		t: t, row: playlist.New().AppendBinary(nil), parts: parts{}, now: began,
		sent: map[string][]playlist.Command{}, sentAt: map[string][]instant.Instant{}, told: map[string]readiness.Change{},
	}
}

func (s *shop) store() *playlist.Store {
	s.t.Helper()
	var store playlist.Store
	if err := store.UnmarshalBinary(s.row); err != nil {
		s.t.Fatalf("%v: %x", err, s.row)
	}
	return &store
}

func (s *shop) keep(store *playlist.Store) {
	s.t.Helper()
	s.row = store.AppendBinary(nil)
	if again := s.store().AppendBinary(nil); string(again) != string(s.row) {
		s.t.Fatalf("a row is read and written as another:\n%x\n%x", s.row, again)
	}
}

func (s *shop) origin() playlist.Origin {
	s.offset++
	return playlist.Origin{Position: playlist.Position{Offset: s.offset}, Timestamp: s.now}
}

func (s *shop) place(p playlist.Placement) playlist.Outcome {
	s.t.Helper()
	store := s.store()
	outcome, err := store.Place(s.parts, &p, s.origin(), s.now)
	if err != nil {
		s.t.Fatalf("%v", err)
	}
	s.keep(store)
	return outcome
}

func (s *shop) attend(p playlist.Presence) playlist.Outcome {
	s.t.Helper()
	store := s.store()
	outcome, err := store.Attend(s.parts, &p, s.origin(), s.now)
	if err != nil {
		s.t.Fatalf("%v", err)
	}
	s.keep(store)
	return outcome
}

// join registers devices that play everything.
func (s *shop) join(ids ...string) {
	s.t.Helper()
	for _, id := range ids {
		s.want(playlist.Taken, s.attend(playlist.Presence{DeviceID: id, At: s.now, Present: true}))
	}
}

// notice tells of a revision with which another store has let a device go.
func (s *shop) notice(id string, departed int64) playlist.Outcome {
	s.t.Helper()
	return s.attend(playlist.Presence{DeviceID: id, At: s.now, Present: true, Departed: departed, Notice: true})
}

func (s *shop) leave(id string) {
	s.t.Helper()
	s.want(playlist.Taken, s.attend(playlist.Presence{DeviceID: id, At: s.now}))
}

func (s *shop) ack(a playlist.Ack) playlist.Outcome {
	s.t.Helper()
	store := s.store()
	outcome, err := store.Hear(s.parts, &a, s.origin().Position, s.now)
	if err != nil {
		s.t.Fatalf("%v", err)
	}
	s.keep(store)
	return outcome
}

// says has a device ack its newest revision.
func (s *shop) says(device string, status playlist.Status, missing ...string) {
	s.t.Helper()
	s.want(playlist.Taken, s.ack(playlist.Ack{DeviceID: device, Revision: s.newest(device).Revision, Status: status, Missing: missing}))
}

func (s *shop) want(want, got playlist.Outcome) {
	s.t.Helper()
	if want != got {
		s.t.Fatalf("a record was %s; want %s", got, want)
	}
}

// pass lets time pass to an instant; what is due fires on the way.
func (s *shop) pass(to instant.Instant) {
	s.t.Helper()
	for {
		store := s.store()
		due := store.NextDue()
		if due > to {
			break
		}
		s.now = max(s.now, due)
		fired, err := store.Fire(s.parts, "s-1", s.now)
		if err != nil {
			s.t.Fatalf("%v", err)
		}
		if store.NextDue() <= s.now {
			s.t.Fatalf("due at %d, fired at %d, and due again at %d", due, s.now, store.NextDue())
		}
		s.keep(store)
		s.note(&fired)
	}
	s.now = max(s.now, to)
}

func (s *shop) note(fired *playlist.Fired) {
	s.t.Helper()
	s.givenUp += fired.GivenUp
	s.departed = append(s.departed, fired.Departures...)
	for _, c := range fired.Commands {
		s.sent[c.DeviceID], s.sentAt[c.DeviceID] = append(s.sent[c.DeviceID], c), append(s.sentAt[c.DeviceID], s.now)
		if s.onCommand != nil {
			s.onCommand(c)
		}
	}
	for _, change := range fired.Changes {
		if change.Change.StoreID != "s-1" {
			s.t.Fatalf("a change of store %q", change.Change.StoreID)
		}
		s.told[change.CampaignID] = change.Change
		s.changes++
	}
}

// rest lets a second pass: all that records have changed is sent then.
func (s *shop) rest() {
	s.t.Helper()
	s.pass(s.now.Add(second))
}

func (s *shop) newest(device string) playlist.Command {
	s.t.Helper()
	if len(s.sent[device]) == 0 {
		s.t.Fatalf("%s was sent nothing", device)
	}
	return s.sent[device][len(s.sent[device])-1]
}

// shows compares a device's newest command with what it is to show: campaign/creative, in order.
func (s *shop) shows(device string, want ...string) {
	s.t.Helper()
	if got := content(s.newest(device)); !slices.Equal(got, want) {
		s.t.Errorf("%s shows %v; want %v", device, got, want)
	}
}

func content(c playlist.Command) []string {
	var is []string
	for _, e := range c.Entries {
		is = append(is, e.CampaignID+"/"+e.ID)
	}
	return is
}

// stands compares a campaign's readiness with total, ready, failed, unreachable, and the reasons.
func (s *shop) stands(campaign string, counts [4]int64, reasons ...string) {
	s.t.Helper()
	is := s.told[campaign]
	var got []string
	for _, u := range is.Unready {
		got = append(got, u.DeviceID+" "+u.Reason)
	}
	if [4]int64{is.Total, is.Ready, is.Failed, is.Unreachable} != counts || !slices.Equal(got, reasons) {
		s.t.Errorf("%s is %d of %d ready, %d failed, %d unreachable, %q; want %v, %q", campaign, is.Ready, is.Total, is.Failed,
			is.Unreachable, got, counts, reasons)
	}
}

// campaign is a placement for a week that starts some days from began, with creatives of video/mp4, or of the type behind a
// colon.
func campaign(id string, sequence int64, startsInDays int, creatives ...string) playlist.Placement {
	p := playlist.Placement{
		CampaignID: id, Sequence: sequence, Revision: sequence, Placed: true, StartsAt: began.Add(instant.Millis(startsInDays) * day),
	}
	p.EndsAt = p.StartsAt.Add(7 * day)
	for _, creative := range creatives {
		name, mime, typed := strings.Cut(creative, ":")
		if !typed {
			mime = "video/mp4"
		}
		p.Creatives = append(p.Creatives, playlist.Creative{
			ID: name, Version: 1, URL: "https://cdn.example/" + name, SHA256: fmt.Sprintf("%064x", len(name)), Bytes: 1 << 20,
			MIME: mime, DurationMs: 15000,
		})
	}
	return p
}

// removal takes a placement away.
func removal(p playlist.Placement, sequence int64) playlist.Placement {
	p.Sequence, p.Placed, p.Creatives = sequence, false, nil
	return p
}

// silence checks that nothing is sent while something happens.
func (s *shop) silence(happens func()) {
	s.t.Helper()
	before, changes := maps.Clone(s.sent), s.changes
	happens()
	for id, commands := range s.sent {
		if len(commands) != len(before[id]) {
			s.t.Errorf("%s was sent %d commands", id, len(commands)-len(before[id]))
		}
	}
	if s.changes != changes {
		s.t.Errorf("%d changes were told", s.changes-changes)
	}
}
