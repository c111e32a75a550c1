package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/screens"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/device"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/playlist"
	"github.com/rmn-arms/campaign-engine/topics"
)

// shop is a store as the engine keeps it, and what its devices say.
type shop struct {
	t     *testing.T
	k     *kfake.Cluster
	id    string
	row   *playlist.Store
	parts shopParts
	now   instant.Instant
	next  int64
}

type shopParts map[string][]byte

func (p shopParts) Part(name string) []byte { return p[name] }

func (p shopParts) SetPart(name string, value []byte) { p[name] = value }

// openShop opens a store ten minutes before testNow.
func openShop(t *testing.T, k *kfake.Cluster, id string) *shop {
	return &shop{t: t, k: k, id: id, row: playlist.New(), parts: shopParts{}, now: instant.Of(testNow()).Add(-600_000)}
}

func (s *shop) origin() playlist.Origin {
	s.next++
	return playlist.Origin{Position: playlist.Position{Offset: s.next}, Timestamp: s.now}
}

func (s *shop) took(outcome playlist.Outcome, err error) {
	s.t.Helper()
	if outcome != playlist.Taken || err != nil {
		s.t.Fatalf("a record was %s: %v", outcome, err)
	}
}

// join registers a device, also in the table by which it is found.
func (s *shop) join(id string, mime ...string) {
	s.t.Helper()
	s.took(s.row.Attend(s.parts, &playlist.Presence{DeviceID: id, At: s.now, Present: true, Says: len(mime) > 0, MIME: mime}, s.origin(), s.now))
	placed(s.t, s.k, id, device.Row{Known: true, At: s.now, Store: s.id})
}

func placed(t *testing.T, k *kfake.Cluster, id string, row device.Row) {
	t.Helper()
	put(t, k, record(topics.CampaignEngineDevicesTable, id, row.AppendBinary(nil)))
}

// place has a campaign be there from the next day on, with one video and one picture.
func (s *shop) place(id string) {
	s.t.Helper()
	p := playlist.Placement{CampaignID: id, Sequence: 2, Revision: 1, Placed: true, StartsAt: hour(24), EndsAt: hour(48)}
	for _, c := range []string{"video/mp4", "image/png"} {
		p.Creatives = append(p.Creatives, playlist.Creative{ID: id + "-" + c[:5], Version: 1, URL: "https://cdn.example/x", MIME: c, Bytes: 1})
	}
	s.took(s.row.Place(s.parts, &p, s.origin(), s.now))
}

// pass lets time pass until some seconds before testNow.
func (s *shop) pass(seconds int) {
	s.t.Helper()
	to := instant.Of(testNow()).Add(-instant.Millis(seconds) * 1000)
	for s.row.NextDue() <= to {
		s.now = max(s.now, s.row.NextDue())
		if _, err := s.row.Fire(s.parts, s.id, s.now); err != nil {
			s.t.Fatal(err)
		}
	}
	s.now = to
}

// says has a device ack its newest command, in the partition of another partitioner.
func (s *shop) says(id string, status schemas.AckStatus, word string, missing ...string) {
	s.t.Helper()
	seen, err := s.row.Look(s.parts)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, d := range seen.Devices {
		if d.ID != id {
			continue
		}
		ack := schemas.Ack{CommandID: schemas.CommandID(id, d.Revision), DeviceID: id, StoreID: s.id, PlaylistRevision: d.Revision,
			Status: status, Missing: missing, Error: word}
		heard := map[schemas.AckStatus]playlist.Status{schemas.AckReady: playlist.Ready, schemas.AckFailed: playlist.Failed}[status]
		s.took(s.row.Hear(s.parts, &playlist.Ack{DeviceID: id, Revision: d.Revision, Status: heard, Missing: missing, Word: word},
			s.origin().Position, s.now))
		r := acked(s.t, s.id, ack)
		r.Partition, r.Timestamp = (r.Partition+1)%testPartitions, s.now.Time()
		put(s.t, s.k, r)
	}
}

func acked(t *testing.T, storeID string, ack schemas.Ack) *kgo.Record {
	t.Helper()
	value, err := json.Marshal(schemas.NewEvent("e-1", schemas.DeviceAck, storeID, 0, ack))
	if err != nil {
		t.Fatal(err)
	}
	return record(topics.DeviceAcks, storeID, value)
}

// keep writes the store's rows to the table, parts in the partition of the row.
func (s *shop) keep() {
	s.t.Helper()
	own := record(topics.CampaignEngineStoresTable, s.id, s.row.AppendBinary(nil))
	put(s.t, s.k, own)
	for name, value := range s.parts {
		r := record(topics.CampaignEngineStoresTable, engine.PartKey(s.id, name), value)
		r.Partition = own.Partition
		put(s.t, s.k, r)
	}
}

// fullShop is a store with four devices: ready, failed, silent, and one that can play nothing.
func fullShop(t *testing.T) *kfake.Cluster {
	k := cluster(t)
	other := openShop(t, k, "s-10") // its id begins with the other's
	other.join("d-9")
	other.pass(500)
	other.says("d-9", schemas.AckReady, "")
	other.keep()
	s := openShop(t, k, "s-1")
	s.join("d-1", "video/mp4", "image/png")
	s.join("d-2")
	s.join("d-3", "video/mp4")
	s.join("d-4", "audio/mp4")
	s.place("c-1")
	s.pass(590)
	s.says("d-1", schemas.AckReady, "")
	s.says("d-2", schemas.AckReceived, "")
	s.pass(400)
	s.says("d-2", schemas.AckFailed, "disk\x1b[2Jfull", "c-1-video")
	s.pass(100)
	s.keep()
	return k
}

func TestStore(t *testing.T) {
	k := fullShop(t)
	got := run(t, k, "", "store", "s-1")
	want := `Store      s-1
Devices    4: 1 ready, 1 pending, 2 failed
Campaigns  1

CAMPAIGN  REVISION  STARTS (UTC)              ENDS (UTC)                READY
c-1       1         2026-12-06T17:30:00.000Z  2026-12-07T17:30:00.000Z  1 of 4 devices, 2 failed

DEVICE  STATUS   PLAYLIST       ATTEMPT  CAMPAIGNS READY  NEXT PUSH      HAS SAID LAST
d-1     ready    1796491200000  1        1 of 1           -              ready, 9 min 50 s ago
d-2     failed   1796491200000  5        0 of 1           in 4 min 52 s  failed (disk` + "\uFFFD" + `[2Jfull), 6 min 40 s ago
d-3     pending  1796491200000  5        0 of 1           in 6 min 40 s  nothing
d-4     failed   1796491200000  5        0 of 1           in 6 min 19 s  nothing
`
	if diff := cmp.Diff(want, got.out); diff != "" || got.code != exitClean {
		t.Errorf("exit code %d, %s (-want +got):\n%s", got.code, got.errs, diff)
	}
	var told screens.Store
	document := run(t, k, "", "store", "s-1", "--json")
	if err := json.Unmarshal([]byte(document.out), &told); err != nil || len(told.Devices) != 4 || told.Campaigns[0].DevicesReady != 1 ||
		told.Devices[1].Said.Error != "disk\x1b[2Jfull" {
		t.Errorf("%v: %s", err, document.out)
	}
}

func TestDevice(t *testing.T) {
	k := fullShop(t)
	got := run(t, k, "", "device", "d-1")
	want := `Device      d-1
Store       s-1
Registered  2026-12-05T17:20:00.000Z  10 min 0 s ago
Can play    video/mp4, image/png
Status      ready
Playlist    revision 1796491200000, attempt 1, caused 2026-12-05T17:20:00.000Z  10 min 0 s ago
Has said    ready, of this revision, 2026-12-05T17:20:10.000Z  9 min 50 s ago
Next push   none

CAMPAIGN  CREATIVE   STARTS (UTC)              ENDS (UTC)                SINCE (UTC)               IS IT THERE
c-1       c-1-video  2026-12-06T17:30:00.000Z  2026-12-07T17:30:00.000Z  2026-12-05T17:20:00.000Z  ready
c-1       c-1-image  2026-12-06T17:30:00.000Z  2026-12-07T17:30:00.000Z  2026-12-05T17:20:00.000Z  ready
`
	if diff := cmp.Diff(want, got.out); diff != "" || got.code != exitClean {
		t.Errorf("exit code %d, %s (-want +got):\n%s", got.code, got.errs, diff)
	}
	for id, says := range map[string][]string{
		"d-2": {"Status      failed\n", "Can play    it does not say", "Has said    failed, of this revision", "Missing     c-1-video\n",
			"Error       disk\uFFFD[2Jfull\n", "Owes        an answer since 2026-12-05T17:23:20.000Z", "Next push   2026-12-05T17:", "  pending\n",
			"  failed: disk\uFFFD[2Jfull\n"},
		"d-3": {"Status      pending\n", "Has said    nothing\n", "c-1       c-1-video  "},
		"d-4": {"Status      failed\n", "c-1       left out  2026-12-06T17:30:00.000Z  2026-12-07T17:30:00.000Z  -            unplayable\n"},
	} {
		told := run(t, k, "", "device", id)
		for _, text := range says {
			told.check(t, exitClean, text)
		}
	}
	var told screens.Device
	document := run(t, k, "", "device", "d-2", "--json")
	if err := json.Unmarshal([]byte(document.out), &told); err != nil || told.Status != screens.Failed || told.NextPush == nil ||
		told.Playlist.Campaigns[0].Creatives[1].Reason != "pending" || told.Playlist.Campaigns[0].Reason != "failed: disk\x1b[2Jfull" {
		t.Errorf("%v: %s", err, document.out)
	}
}

// TestADeviceThatIsSilent is not pushed any more.
func TestADeviceThatIsSilent(t *testing.T) {
	k := cluster(t)
	s := openShop(t, k, "s-1")
	s.now = s.now.Add(-4 * 3_600_000)
	s.join("d-1")
	s.place("c-1")
	s.pass(1)
	s.keep()
	told := run(t, k, "", "device", "d-1")
	told.check(t, exitClean, "Status      unreachable\n")
	told.check(t, exitClean, "Next push   none until it speaks again\n")
	told.check(t, exitClean, "  unreachable\n")
	run(t, k, "", "store", "s-1").check(t, exitClean, "0 of 1 device, 1 unreachable\n")
}

func TestADeviceBetweenStores(t *testing.T) {
	k := cluster(t)
	s := openShop(t, k, "s-1")
	s.join("d-1")
	s.keep()
	run(t, k, "", "device", "d-1").check(t, exitClean, "Playlist    none was sent since it was registered\n            another one may be on its way\n")
	at := instant.Of(testNow()).Add(-60_000)
	placed(t, k, "d-new", device.Row{Known: true, At: at, Store: "s-1"})
	placed(t, k, "d-first", device.Row{Known: true, At: at, Store: "s-new"})
	for _, id := range []string{"d-new", "d-first"} {
		run(t, k, "", "device", id).check(t, exitClean, "none yet: the store has not heard of the device")
	}
	placed(t, k, "d-gone", device.Row{Known: true, At: at - 1, Store: "s-1", Removals: []device.Removal{{Store: "s-0", At: at}, {Store: "s-1", At: at}}})
	run(t, k, "", "device", "d-gone").check(t, exitClean, "Store   none: it was removed from s-1, 2026-12-05T17:29:00.000Z  1 min 0 s ago\n")
	document := run(t, k, "", "device", "d-gone", "--json")
	var told found
	if err := json.Unmarshal([]byte(document.out), &told); err != nil || told.RemovedFrom != "s-1" || told.StoreID != "" || told.DeviceID != "d-gone" {
		t.Errorf("%v: %s", err, document.out)
	}
}

func TestStoresAndDevicesOfWhichNothingIsKnown(t *testing.T) {
	k := cluster(t)
	put(t, k, record(topics.CampaignEngineStoresTable, "s-newer", []byte("of a later version")),
		record(topics.CampaignEngineDevicesTable, "d-newer", []byte("of a later version")))
	placed(t, k, "d-stuck", device.Row{Known: true, At: 1, Store: "s-newer"})
	for _, c := range [][3]string{
		{"store", "s-1", `store "s-1": nothing is known of it: no campaign was distributed there and no device registered`},
		{"store", "s-newer", `store "s-newer": the engine's table holds a row of another version`},
		{"device", "d-1", `device "d-1": nothing is known of it: no event of device-events is about it`},
		{"device", "d-newer", `device "d-newer": the engine's table holds a row of another version`},
		{"device", "d-stuck", `device "d-stuck", in store "s-newer": the engine's table holds a row of another version`},
	} {
		run(t, k, "", c[0], c[1]).check(t, exitFailed, c[2])
		if got := run(t, k, "", c[0], c[1], "--json"); got.code != exitFailed || got.out != "" {
			t.Errorf("%s as JSON: exit code %d, %s", c[1], got.code, got.out)
		}
	}
	for _, topic := range []topics.Name{topics.CampaignEngineStoresTable, topics.CampaignEngineDevicesTable} {
		if _, err := kadm.NewClient(client(t, k)).DeleteTopic(t.Context(), string(topic)); err != nil {
			t.Fatal(err)
		}
	}
	run(t, k, "", "store", "s-1").check(t, exitFailed, "topic campaign-engine-stores-table does not exist")
	run(t, k, "", "device", "d-1").check(t, exitFailed, "topic campaign-engine-devices-table does not exist")
}

// TestAStoreWithoutAcks goes on where device-acks cannot be read.
func TestAStoreWithoutAcks(t *testing.T) {
	k := fullShop(t)
	if _, err := kadm.NewClient(client(t, k)).DeleteTopic(t.Context(), string(topics.DeviceAcks)); err != nil {
		t.Fatal(err)
	}
	run(t, k, "", "store", "s-1").check(t, exitClean, "Said       not known: device-acks cannot be read\n")
	run(t, k, "", "device", "d-1").check(t, exitClean, "Has said    not known: device-acks cannot be read\n")
}

func TestTailTellsOfDevices(t *testing.T) {
	k := cluster(t)
	if _, err := kadm.NewClient(client(t, k)).CreateTopics(t.Context(), 1, 1, nil, "device-commands.s-1"); err != nil {
		t.Fatal(err)
	}
	entry := schemas.PlaylistEntry{CampaignID: "c-1", CreativeID: "cr-1", Version: 1, URL: "https://cdn.example/x", SHA256: strings.Repeat("a", 64),
		Bytes: 1, MIME: "video/mp4", DurationMs: 1, StartsAt: 1, EndsAt: 2}
	command := func(entries ...schemas.PlaylistEntry) []byte {
		event := schemas.NewEvent("d-1/7/2", schemas.DeviceCommand, "s-1", startOf(t).ScheduledFor, schemas.Command{
			CommandID: "d-1/7", DeviceID: "d-1", StoreID: "s-1", PlaylistRevision: 7, Attempt: 2, ValidUntil: 2, Playlist: entries})
		value, err := topics.EncodeCommand(&event)
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	event := func(kind schemas.Type, data string) []byte {
		return fmt.Appendf(nil, `{"specversion":"1.0","id":"e-1","source":"test","type":%q,"time":"2026-12-01T05:00:00Z","data":%s}`, kind, data)
	}
	own := record("device-commands.s-1", "d-1", command())
	own.Partition = 0
	put(t, k, record(topics.DeviceCommands, "s-1", command(entry, entry)), own,
		record(topics.DeviceCommands, "s-1", []byte("{}")),
		acked(t, "s-1", schemas.Ack{CommandID: "d-1/7", DeviceID: "d-1", StoreID: "s-1", PlaylistRevision: 7, Status: schemas.AckFailed,
			Missing: []string{"cr-1", "cr-2"}, Error: "disk\x1b[2Jfull"}),
		record(topics.DeviceAcks, "s-1", []byte("{}")),
		record(topics.DeviceEvents, "s-1", event(schemas.DeviceRegistered,
			`{"device_id":"d-1","store_id":"s-1","capabilities":{"mime":["video/mp4","image/png"]}}`)),
		record(topics.DeviceEvents, "s-1", event(schemas.DeviceRegistered, `{"device_id":"d-2","store_id":"s-1"}`)),
		record(topics.DeviceEvents, "s-1", event(schemas.DeviceRemoved, `{"device_id":"d-1","store_id":"s-1"}`)),
		record(topics.DeviceEvents, "s-1", []byte("{}")))
	got := run(t, k, "", "tail", "--until-end", "device-commands", "device-commands.s-1", "device-acks", "device-events")
	for _, says := range []string{
		"2026-12-01T05:00:00.000Z  device-commands       s-1                       d-1 in s-1: playlist 7, attempt 2, 2 entries of 1 campaign, valid until ",
		"device-commands.s-1   d-1                       d-1 in s-1: playlist 7, attempt 2, empty, valid until ",
		"2 bytes at ",
		"d-1: failed, playlist 7, missing cr-1, cr-2 (disk\uFFFD[2Jfull)\n",
		"device.registered: d-1 in s-1, can play video/mp4, image/png\n",
		"device.registered: d-2 in s-1, it does not say what it can play\n",
		"2026-12-01T05:00:00.000Z  device-events         s-1                       device.removed: d-1 from s-1\n",
	} {
		got.check(t, exitClean, says)
	}
	if strings.Count(got.out, "cannot be taken: malformed") != 2 {
		t.Errorf("what cannot be taken:\n%s", got.out)
	}
	run(t, k, "", "tail", "device-commands.s-2").check(t, exitFailed, "does not exist there; campaignd creates it with the store's first command")
}
