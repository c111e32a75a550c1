package playlist_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/playlist"
)

func (s *shop) look() *playlist.Seen {
	s.t.Helper()
	seen, err := s.store().Look(s.parts)
	if err != nil {
		s.t.Fatalf("%v", err)
	}
	return seen
}

// seen tells a device: campaign(reason) and its creatives(reason), in order.
func seen(d *playlist.SeenDevice) (all []string) {
	said := func(name, reason string) string {
		if reason == "" {
			return name
		}
		return name + " (" + reason + ")"
	}
	for _, c := range d.Campaigns {
		parts := []string{said(c.CampaignID, c.Reason)}
		for _, e := range c.Entries {
			parts = append(parts, said(e.CreativeID, e.Reason))
		}
		all = append(all, strings.Join(parts, ", "))
	}
	return all
}

func TestWhatIsSeenOfAStore(t *testing.T) {
	s := newShop(t)
	if empty := s.look(); len(empty.Campaigns)+len(empty.Devices) > 0 {
		t.Errorf("of nothing is seen %+v", empty)
	}
	s.join("d-1", "d-2")
	s.want(playlist.Taken, s.attend(playlist.Presence{DeviceID: "d-3", At: s.now, Present: true, Says: true, MIME: []string{"image/png"}}))
	s.place(campaign("c-1", 1, 30, "cr-1", "cr-2"))
	before := s.look()
	if d := before.Devices[0]; !d.Changing || d.Revision != 0 || d.PushDue != playlist.Never || before.Campaigns[0].Total != 0 {
		t.Errorf("before anything was sent: %+v, %+v", d, before.Campaigns[0])
	}
	s.rest()
	s.place(removal(campaign("c-2", 1, 30, "cr-3"), 1))
	s.says("d-1", playlist.Ready)
	newest := s.newest("d-2")
	s.want(playlist.Taken, s.ack(playlist.Ack{
		DeviceID: "d-2", Revision: newest.Revision, Status: playlist.Failed, Missing: []string{"cr-2"}, Word: "disk-full",
	}))
	s.rest()
	is := s.look()
	for i, want := range [][]string{
		{"c-1, cr-1, cr-2"}, {"c-1 (failed: disk-full), cr-1 (pending), cr-2 (failed: disk-full)"}, {"c-1 (unplayable)"},
	} {
		if got := seen(&is.Devices[i]); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", is.Devices[i].ID, got, want)
		}
	}
	d := is.Devices[1]
	if d.Revision != newest.Revision || d.Attempt != 1 || d.Settled || d.PushDue <= s.now || d.Awaiting == playlist.Never || d.Changing ||
		d.Campaigns[0].Entries[0].Since != newest.Revision {
		t.Errorf("%+v", d)
	}
	if d := is.Devices[0]; !d.Settled || d.PushDue != playlist.Never || d.Awaiting != playlist.Never {
		t.Errorf("%+v", d)
	}
	if c := is.Campaigns; len(c) != 1 || fmt.Sprint(c[0].Total, c[0].Ready, c[0].Failed) != "3 1 2" || len(c[0].Creatives) != 2 {
		t.Errorf("%+v", c)
	}
	s.pass(s.now.Add(3 * hour))
	if d := s.look().Devices[1]; !d.Unreachable || d.PushDue != playlist.Never ||
		!slices.Equal(seen(&d), []string{"c-1 (failed: disk-full), cr-1 (unreachable), cr-2 (failed: disk-full)"}) {
		t.Errorf("%+v", d)
	}
	s.leave("d-1")
	if d := s.look().Devices[0]; !d.Leaving {
		t.Errorf("%+v", d)
	}
	s.rest()
	if len(s.look().Devices) != 2 {
		t.Error("a device that has left is seen")
	}
	s.parts.SetPart("d/d-2", []byte("of a later version"))
	if _, err := s.store().Look(s.parts); err == nil {
		t.Error("a part of another version is read")
	}
}
