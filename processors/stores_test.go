package processors_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/readiness"
	"github.com/rmn-arms/campaign-engine/topics"
)

// TestStores follows one device from its registration until it is ready, and what it is told on the way, to the letter.
func TestStores(t *testing.T) {
	t.Parallel()
	d := newStores(t)
	d.put(presentIn("s-1", "d-1", 1, true), placedIn("s-1", "c-1", 1, 1, "cr-1"))
	d.run()
	commands := d.stored(topics.DeviceCommands)
	if len(commands) != 1 {
		t.Fatalf("%d commands", len(commands))
	}
	const revision = 1796083200000
	want := `{"specversion":"1.0","id":"d-1/1796083200000/1","source":"campaign-engine","type":"device.command","subject":"s-1",` +
		`"time":"2026-12-01T00:00:00.000Z","datacontenttype":"application/json","data":{"command_id":"d-1/1796083200000",` +
		`"device_id":"d-1","store_id":"s-1","playlist_revision":1796083200000,"attempt":1,"valid_until":"2026-12-09T00:00:00.000Z",` +
		`"playlist":[{"campaign_id":"c-1","creative_id":"cr-1","version":1,"url":"https://cdn.example/cr-1","sha256":"` +
		strings.Repeat("0", 64) + `","bytes":1,"mime":"video/mp4","duration_ms":15000,"starts_at":"2026-12-02T00:00:00.000Z",` +
		`"ends_at":"2026-12-09T00:00:00.000Z"}]}}`
	if got := string(commands[0].Value); got != want || string(commands[0].Key) != "s-1" {
		t.Errorf("under %s:\n%s\nwant\n%s", commands[0].Key, got, want)
	}
	pending := readiness.Change{StoreID: "s-1", Revision: 1, Total: 1, Unready: []readiness.Unready{{DeviceID: "d-1", Reason: "pending"}}}
	same(t, map[string]readiness.Change{"c-1 in s-1": pending}, d.told())

	d.put(ackOn("s-1", "d-1", revision, schemas.AckReady, true), ackOn("s-1", "d-1", revision, schemas.AckReady, true),
		ackOn("s-1", "d-9", revision, schemas.AckReady, false), ackOn("s-1", "d-1", revision+1, schemas.AckReady, false))
	d.pass(storesBegan.Add(500))
	same(t, map[string]readiness.Change{"c-1 in s-1": {StoreID: "s-1", Revision: 1, Total: 1, Ready: 1}}, d.told())
	d.pass(storesBegan.Add(24 * 60 * minute))
	if got := len(d.stored(topics.DeviceCommands)); got != 1 {
		t.Errorf("a device that is ready was sent %d commands", got)
	}
	counts := map[string]int{
		"presence/taken": 1, "placement/taken": 1, "ack/taken": 1, "ack/repeated-ack": 1, "ack/unknown-device": 1,
		"ack/never-sent": 1, processors.Carried: 2, processors.Commanded: 1, processors.ReadinessTold: 2,
	}
	d.awaitCounts(topics.Stores, counts)
	same(t, counts, d.counted(topics.Stores))
}

// TestStoresPushAndGiveUp: the pushes of a device that says nothing, and its end.
func TestStoresPushAndGiveUp(t *testing.T) {
	t.Parallel()
	d := newStores(t)
	d.put(presentIn("s-1", "d-1", 1, true), placedIn("s-1", "c-1", 1, 1, "cr-1"))
	d.run()
	d.pass(storesBegan.Add(5 * 60 * minute))
	commands := d.commands()
	for i, c := range commands {
		if want := fmt.Sprintf("d-1/%d/%d", c.Data.PlaylistRevision, i+1); c.ID != want {
			t.Errorf("command %d is %s; want %s", i, c.ID, want)
		}
	}
	if got := d.told()["c-1 in s-1"]; got.Unreachable != 1 || len(commands) < 10 {
		t.Errorf("%d commands, %+v", len(commands), got)
	}
	d.put(ackOn("s-1", "d-1", commands[0].Data.PlaylistRevision, schemas.AckReceived, false))
	d.rest()
	if got := d.commands(); got[len(got)-1].Data.Attempt != int64(len(commands))+1 {
		t.Error("a device that speaks again is not pushed at once")
	}
	d.awaitCounts(topics.Stores, map[string]int{processors.GivenUp: 1})
}

// TestStoresRefuse: acks that cannot be read go to dead-letters, and so does what somebody else has put among the engine's own
// records.
func TestStoresRefuse(t *testing.T) {
	t.Parallel()
	d := newStores(t)
	other := ackOn("s-1", "d-1", 1, schemas.AckReady, false)
	other.Key = []byte("s-2")
	other.Partition = byKey
	foreign := placedIn("s-1", "c-1", 1, 1, "cr-1")
	foreign.Value = []byte("a record of somebody else")
	gone := presentIn("s-1", "d-1", 1, true)
	gone.Value = nil
	d.put(other, foreign, gone, placedIn("s-1", "c-2", 1, 1, "cr-1"), presentIn("s-1", "d-1", 1, true))
	d.run()
	reasons := map[string]int{}
	for _, record := range d.stored(topics.DeadLetters) {
		refused := refusedOf(t, record)
		reasons[refused.Topic+" "+string(refused.Reason)]++
	}
	same(t, map[string]int{"device-acks key-mismatch": 1, "store-placements malformed": 1, "store-devices malformed": 1}, reasons)
	if got := len(d.commands()); got != 1 {
		t.Errorf("beside them %d commands were sent", got)
	}
}

// storeInputs is a life of some stores.
func storeInputs(d *storesDeployment) {
	for s := range 4 {
		store := fmt.Sprintf("s-%d", s)
		for i := range 3 {
			d.put(presentIn(store, fmt.Sprintf("d-%d-%d", s, i), 1, true))
		}
		for c := range 3 {
			d.put(placedIn(store, fmt.Sprintf("c-%d", c), 1, 1+c, "cr-1", fmt.Sprintf("cr-%d", c)))
		}
	}
}

// noticed is a revision that another store has sent a device, ahead of all that happens.
const noticed = int64(1_800_000_000_000)

func laterStoreInputs(d *storesDeployment) {
	d.put(presentIn("s-0", "d-0-0", 2, false), presentIn("s-1", "d-0-0", 2, true), presentIn("s-2", "d-2-1", 2, true))
	d.put(noticeIn("s-3", "d-3-1", noticed))
	for s := range 4 {
		store := fmt.Sprintf("s-%d", s)
		d.put(placedIn(store, "c-0", 2, 1), placedIn(store, "c-1", 2, 2, "cr-new"))
	}
}

// live lets the stores live their life. before is called before the inputs of each part are published, between when they are, and
// comes back when the engine runs.
func (d *storesDeployment) live(before, between func()) {
	d.t.Helper()
	before()
	storeInputs(d)
	between()
	d.pass(storesBegan.Add(1000))
	before()
	d.ackAll(schemas.AckReady)
	between()
	d.pass(storesBegan.Add(2000))
	before()
	d.clock.Set(storesBegan.Add(3000))
	laterStoreInputs(d)
	between()
	d.pass(storesBegan.Add(4000))
	before()
	d.ackAll(schemas.AckFailed)
	between()
	d.pass(storesBegan.Add(5000))
}

// stopped halts the engine, if it runs: what is published then waits for the next one.
func (d *storesDeployment) stopped() { d.halt(topics.Stores) }

// TestStoresOutliveARestart halts the engine at each part of a life.
func TestStoresOutliveARestart(t *testing.T) {
	t.Parallel()
	want, got := newStores(t), newStores(t)
	want.run()
	want.live(func() {}, want.rest)
	got.live(got.stopped, got.run)
	same(t, want.newest(), got.newest())
	same(t, want.told(), got.told())
}

// TestStoresOutliveAProcessAtEachStep is TestAccountsOutliveAProcessAtEachStep of the stores.
func TestStoresOutliveAProcessAtEachStep(t *testing.T) {
	t.Parallel()
	around, want := t, newStores(t)
	want.run()
	want.live(func() {}, want.rest)
	for _, step := range engine.Steps() {
		t.Run(string(step), func(t *testing.T) {
			t.Parallel()
			d := newStores(t)
			d.faulty, d.uncounted, d.grave = true, true, around
			d.live(d.stopped, func() {
				d.storesDie(step)
				d.run()
			})
			same(t, want.newest(), d.newest())
			same(t, want.told(), d.told())
			same(t, map[string]int{"s-0 d-0-0": 1}, d.departures())
			d.above("s-3", "d-3-1", noticed)
		})
	}
}

// storesDie runs stores until it reaches a step, and kills it there. There are records to read, and what they change is due.
func (d *storesDeployment) storesDie(step engine.Step) {
	d.t.Helper()
	death := d.doomed(topics.Stores, func(c *engine.Config) { c.TimersMax, c.RecordsMax = 2, 5 },
		func(at engine.Step) bool { return at == step })
	d.drive(d.clock.Now().Add(500)) // timers are due
	death.comes()
}

// TestStoresOutliveTheirPositions: what is read again from the start changes nothing, and nothing is sent.
func TestStoresOutliveTheirPositions(t *testing.T) {
	t.Parallel()
	d := newStores(t)
	d.run()
	d.live(func() {}, d.rest)
	d.above("s-3", "d-3-1", noticed)
	rows, commands, told := d.lines(), len(d.stored(topics.DeviceCommands)), len(d.stored(topics.ReadinessChanges))
	d.losePositions(topics.Stores)
	d.run()
	d.pass(storesBegan.Add(6000))
	if got := len(d.stored(topics.DeviceCommands)); got != commands {
		t.Errorf("reading again has sent %d commands", got-commands)
	}
	if got := len(d.stored(topics.ReadinessChanges)); got != told {
		t.Errorf("reading again has told %d changes", got-told)
	}
	same(t, map[string]int{"s-0 d-0-0": 1}, d.departures())
	same(t, rows, d.lines())
}

// TestStoresRebuilt reads all that another deployment has read, from the start and into empty tables: its devices are sent the same.
func TestStoresRebuilt(t *testing.T) {
	t.Parallel()
	first, second := newStores(t), newStores(t)
	first.run()
	first.live(func() {}, first.rest)
	for topic := range first.inputs {
		second.put(first.stored(topic)...)
	}
	second.clock.Set(first.clock.Now())
	second.run()
	second.pass(second.clock.Now().Add(1000))
	rebuilt := second.newest()
	for at, content := range first.newest() {
		if content == "null" && rebuilt[at] == "" { // a device that has left is not sent anything in a store that never sent it any
			continue
		}
		if rebuilt[at] != content {
			t.Errorf("%s has\n%s\nand had\n%s", at, rebuilt[at], content)
		}
	}
	for _, c := range second.commands() {
		if c.Data.Attempt != 1 {
			t.Errorf("%s was pushed", c.ID)
		}
	}
}

// TestStoresPassWhatCannotBeRead: a store whose row or part is somebody else's does nothing, and the others go on.
func TestStoresPassWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	d := newStoresOn(t, 1)
	for _, store := range []string{"s-row", "s-part", "s-good"} {
		d.put(presentIn(store, "d-"+store, 1, true), placedIn(store, "c-1", 1, 1, "cr-1"))
	}
	d.run()
	before := len(d.commands())
	d.halt(topics.Stores)
	part := engine.PartKey("s-part", "d/d-s-part")
	whole := d.lines()[part]
	d.writeRows(topics.CampaignEngineStoresTable, map[string][]byte{"s-row": []byte("of somebody else"), part: []byte("of somebody else")})
	d.clock.Set(storesBegan.Add(1000))
	for _, store := range []string{"s-row", "s-part", "s-good"} {
		d.put(placedIn(store, "c-2", 1, 1, "cr-2"))
		ack := ackOn(store, "d-"+store, int64(storesBegan), schemas.AckReady, false)
		ack.Partition = byKey
		d.put(ack)
	}
	d.run()
	d.pass(storesBegan.Add(2000))
	if got := len(d.commands()); got != before+1 {
		t.Errorf("%d commands; want one, of the good store", got-before)
	}
	d.awaitCounts(topics.Stores, map[string]int{processors.UnreadableRows: 3}) // two of the row, and the ack of the part
	if got := len(d.stored(topics.DeadLetters)); got != 3 {
		t.Errorf("%d records were refused", got)
	}

	d.halt(topics.Stores)
	d.writeRows(topics.CampaignEngineStoresTable, map[string][]byte{part: []byte(whole)})
	d.run()
	d.pass(storesBegan.Add(3 * minute))
	if got := d.newest()["s-part/d-s-part"]; !strings.Contains(got, "cr-2") {
		t.Errorf("repaired, its device has %s", got)
	}
}

// TestStoresGatherABurst: what is there at once is one revision.
func TestStoresGatherABurst(t *testing.T) {
	t.Parallel()
	d := newStores(t)
	d.put(presentIn("s-1", "d-1", 1, true))
	for i := range 200 {
		record := placedIn("s-1", fmt.Sprintf("c-%d", i), 1, 1, "cr-1")
		record.Timestamp = schemas.Instant(storesBegan.Add(instant.Millis(i)))
		d.put(record)
	}
	d.clock.Set(storesBegan.Add(minute))
	d.run()
	commands := d.commands()
	if len(commands) != 1 || len(commands[0].Data.Playlist) != 200 || commands[0].Data.PlaylistRevision != int64(storesBegan)+199 {
		t.Errorf("%d commands", len(commands))
	}
}
