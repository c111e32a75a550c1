package device_test

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/device"
	"github.com/rmn-arms/campaign-engine/schemas"
)

func command(revision, attempt int64, edit ...func(*schemas.Command)) schemas.Command {
	c := schemas.Command{
		DeviceID: "d-1", StoreID: "s-1", PlaylistRevision: revision, Attempt: attempt, ValidUntil: 100_000, Playlist: []schemas.PlaylistEntry{
			entryOf("a", 1000, 9000),
		},
	}
	for _, e := range edit {
		e(&c)
	}
	if c.CommandID == "" {
		c.CommandID = schemas.CommandID(c.DeviceID, revision)
	}
	return c
}

func entryOf(name string, starts, ends schemas.Instant) schemas.PlaylistEntry {
	return schemas.PlaylistEntry{
		CampaignID: "c-" + name, CreativeID: "cr-" + name, Version: 1, SHA256: shaOf(name), Bytes: 10, URL: "http://content/" + name,
		MIME: "video/mp4", DurationMs: 1000, StartsAt: starts, EndsAt: ends,
	}
}

func shaOf(name string) string { return strings.Repeat("0", 64-2*len(name)) + hexOf(name) }

func hexOf(name string) string {
	const digits = "0123456789abcdef"
	text := ""
	for _, c := range []byte(name) {
		text += string([]byte{digits[c>>4], digits[c&15]})
	}
	return text
}

func received(c schemas.Command) device.Received {
	event := schemas.NewEvent(c.CommandID, schemas.DeviceCommand, c.StoreID, 1, c)
	value, err := json.Marshal(event)
	if err != nil {
		panic(err)
	}
	return device.Received{Key: c.DeviceID, Value: value}
}

// obeying returns what a device obeys that has taken a command.
func obeying(t interface{ Fatalf(string, ...any) }, c schemas.Command) device.Obeyed {
	r := received(c)
	v := device.Judge(&device.Self{DeviceID: c.DeviceID, StoreID: c.StoreID}, &device.Obeyed{}, &r)
	if v.Reason != "" {
		t.Fatalf("the first command is refused: %s", v.Reason)
	}
	return v.Command
}

func TestJudge(t *testing.T) {
	now := obeying(t, command(7, 2))
	entry := func(edit func(*schemas.PlaylistEntry)) device.Received {
		return received(command(8, 1, func(c *schemas.Command) { edit(&c.Playlist[0]) }))
	}
	raw := func(key, value string) device.Received { return device.Received{Key: key, Value: []byte(value)} }
	signed := func(r device.Received, s device.Signature) device.Received {
		r.Signature = s
		return r
	}
	newer := received(command(8, 1))
	for _, c := range []struct {
		name   string
		record device.Received
		reason device.Reason
		again  bool
	}{
		{"newer", newer, "", false},
		{"newer, and not the first attempt", received(command(8, 3)), "", false},
		{"empty playlist", received(command(8, 1, func(c *schemas.Command) { c.Playlist = nil })), "", false},
		{"pushed again", received(command(7, 3)), "", true},
		{"the same again", received(command(7, 2)), device.SameAgain, false},
		{"an earlier attempt", received(command(7, 1)), device.SameAgain, false},
		{"older", received(command(6, 9)), device.OlderRevision, false},
		{"other content", received(command(7, 3, func(c *schemas.Command) { c.Playlist = nil })), device.Conflict, false},
		{"other validity", received(command(7, 3, func(c *schemas.Command) { c.ValidUntil++ })), device.Conflict, false},
		{"unsigned", signed(newer, device.Unsigned), device.Unsigned, false},
		{"unknown key", signed(raw("d-1", "{"), device.UnknownKey), device.UnknownKey, false},
		{"bad signature", signed(received(command(6, 1)), device.BadSignature), device.BadSignature, false},
		{"another store's", received(command(8, 1, func(c *schemas.Command) { c.StoreID = "s-2" })), device.OtherStore, false},
		{"another device's", received(command(8, 1, func(c *schemas.Command) { c.DeviceID = "d-2" })), device.OtherDevice, false},
		{"under another key", raw("d-2", string(newer.Value)), device.OtherDevice, false},
		{"tombstone", raw("d-1", ""), device.Malformed, false},
		{"no JSON", raw("d-1", "{"), device.Malformed, false},
		{"another type", raw("d-1", strings.Replace(string(newer.Value), "device.command", "device.ack", 1)), device.Malformed, false},
		{"another id", received(command(8, 1, func(c *schemas.Command) { c.CommandID = "d-1/7" })), device.Malformed, false},
		{"no attempt", received(command(8, 0)), device.Malformed, false},
		{"a sha256 that leaves the cache", entry(func(e *schemas.PlaylistEntry) { e.SHA256 = "../../etc/passwd" }), device.Malformed, false},
		{"an empty window", entry(func(e *schemas.PlaylistEntry) { e.EndsAt = e.StartsAt }), device.Malformed, false},
		{"no url", entry(func(e *schemas.PlaylistEntry) { e.URL = "content/a" }), device.Malformed, false},
		{"no campaign", entry(func(e *schemas.PlaylistEntry) { e.CampaignID = "" }), device.Malformed, false},
		{"fewer bytes than none", entry(func(e *schemas.PlaylistEntry) { e.Bytes = -1 }), device.Malformed, false},
		{"a sha256 in capitals", entry(func(e *schemas.PlaylistEntry) { e.SHA256 = strings.ToUpper(e.SHA256) }), "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := device.Judge(&device.Self{DeviceID: "d-1", StoreID: "s-1"}, &now, &c.record)
			if v.Reason != c.reason || v.Again != c.again {
				t.Errorf("reason %q, again %v; want %q, %v", v.Reason, v.Again, c.reason, c.again)
			}
		})
	}
}

// A device that has lost all that it knew is not taken in by what was sent before.
func TestNothingOfAnEarlierLifeIsObeyed(t *testing.T) {
	self := device.Self{DeviceID: "d-1", StoreID: "s-1", NotBefore: 7}
	for revision, want := range map[int64]device.Reason{6: device.BeforeBirth, 7: "", 8: ""} {
		r := received(command(revision, 1))
		if v := device.Judge(&self, &device.Obeyed{}, &r); v.Reason != want {
			t.Errorf("revision %d: %q, want %q", revision, v.Reason, want)
		}
	}
}

// Whatever comes in whatever order and however often, what a device obeys only rises, only by records that are signed and
// its own, and ends at the newest of them.
func TestWhatIsObeyedRises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var obeys device.Obeyed
		newest := int64(0)
		for range rapid.IntRange(0, 30).Draw(t, "records") {
			c := command(rapid.Int64Range(1, 6).Draw(t, "revision"), rapid.Int64Range(1, 3).Draw(t, "attempt"), func(c *schemas.Command) {
				c.DeviceID = rapid.SampledFrom([]string{"d-1", "d-1", "d-2"}).Draw(t, "device")
				c.StoreID = rapid.SampledFrom([]string{"s-1", "s-1", "s-2"}).Draw(t, "store")
			})
			r := received(c)
			r.Signature = rapid.SampledFrom([]device.Signature{"", "", device.Unsigned, device.BadSignature, device.UnknownKey}).Draw(t, "signature")
			v := device.Judge(&device.Self{DeviceID: "d-1", StoreID: "s-1"}, &obeys, &r)
			genuine := r.Signature == "" && c.DeviceID == "d-1" && c.StoreID == "s-1"
			if genuine {
				newest = max(newest, c.PlaylistRevision)
			}
			if v.Reason != "" {
				continue
			}
			if !genuine {
				t.Fatalf("obeyed: %+v", r)
			}
			if rises := v.Command.Revision > obeys.Revision; rises == v.Again || !rises && v.Command.Attempt <= obeys.Attempt {
				t.Fatalf("from %d/%d to %d/%d, again: %v", obeys.Revision, obeys.Attempt, v.Command.Revision, v.Command.Attempt, v.Again)
			}
			obeys = v.Command
		}
		if obeys.Revision != newest {
			t.Fatalf("%d is obeyed, though %d came", obeys.Revision, newest)
		}
	})
}
