package storesim_test

import (
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/signing"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/device"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/fault"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

func oneStore() storesim.Store {
	return storesim.Store{ID: "s-1", Devices: []string{"s-1-d1", "s-1-d2"}}
}

// From the registration to the report, with a topic that does not exist until the first command.
func TestPushCacheReadyPlayReport(t *testing.T) {
	r := newRig(t)
	s := r.settings(oneStore())
	s.Register, s.MIME = true, []string{"video/mp4"}
	stop := r.start(s)
	r.await(0, "the registration of d1", event(journal.Registered, "s-1-d1"))
	r.await(0, "the registration of d2", event(journal.Registered, "s-1-d2"))
	registered := events[schemas.Registered](r, topics.DeviceEvents)
	if len(registered) != 2 || registered[0].Subject != "s-1" || registered[0].Time == nil || registered[0].Data.Capabilities.MIME[0] != "video/mp4" {
		t.Errorf("registered: %+v", registered)
	}
	r.createTopics("s-1")
	revision := time.Now().UnixMilli()
	r.push("s-1", "s-1-d1", revision, 1, r.entry("a"))
	_, at := r.await(0, "ready", acked(schemas.AckReady, "s-1-d1", revision))
	r.await(at, "a play's report", event(journal.Reported, "s-1-d1"))
	r.push("s-1", "s-1-d1", revision+1, 1)
	_, at = r.await(at, "the playlist without it", acked(schemas.AckReady, "s-1-d1", revision+1))
	stop()
	r.await(at, "the end", event(journal.Totals, ""))
	if lines := r.said(journal.Started); lines[len(lines)-1].Device != "s-1-d1" {
		t.Errorf("played: %+v", lines)
	}
	var acks []string
	for _, e := range events[schemas.Ack](r, topics.DeviceAcks) {
		acks = append(acks, string(e.Data.Status))
		if e.Subject != "s-1" || e.Type != schemas.DeviceAck || e.Data.DeviceID != "s-1-d1" ||
			e.Data.CommandID != schemas.CommandID("s-1-d1", e.Data.PlaylistRevision) {
			t.Errorf("%+v", e)
		}
	}
	if len(acks) < 4 || acks[0] != "received" || acks[1] != "downloading" || acks[2] != "ready" {
		t.Errorf("acks: %q", acks)
	}
	for _, e := range events[schemas.Play](r, topics.Plays) {
		if e.Subject != "c-a" || e.ID != e.Data.PlayID || e.Data.EndedAt < e.Data.StartedAt || e.Data.StoreID != "s-1" || e.Data.Impressions == "" {
			t.Errorf("%+v", e)
		}
	}
	for _, l := range r.said(journal.Trouble) {
		t.Errorf("trouble: %s", l.Error)
	}
}

// What is on the disk survives the process: a device goes on with its playlist and its cache before it hears anything.
func TestTheDiskSurvives(t *testing.T) {
	r := newRig(t)
	r.createTopics("s-1")
	r.push("s-1", "s-1-d1", 5, 1, r.entry("a"))
	stop := r.start(r.settings(oneStore()))
	_, at := r.await(0, "a report", event(journal.Reported, "s-1-d1"))
	stop()
	_, at = r.await(at, "the end", event(journal.Totals, ""))
	r.push("s-1", "s-1-d1", 6, 1, r.entry("a"), r.entry("b"))
	r.push("s-1", "s-1-d1", 7, 1, r.entry("a"), r.entry("b"))
	r.start(r.settings(oneStore()))
	booted, at := r.await(at, "the boot", event(journal.Booted, "s-1-d1"))
	if booted.Revision != 5 {
		t.Errorf("it boots with playlist %d", booted.Revision)
	}
	r.await(at, "a play from the disk", event(journal.Started, "s-1-d1"))
	r.await(at, "the newest playlist", acked(schemas.AckReady, "s-1-d1", 7))
	fetched := map[string]int{}
	for _, l := range r.said(journal.Cached) {
		fetched[l.SHA256]++
	}
	for sha, times := range fetched {
		if times != 1 {
			t.Errorf("%s was fetched %d times", sha, times)
		}
	}
	for _, l := range r.said(journal.Obeyed) {
		if l.Revision == 6 {
			t.Errorf("obeyed though a newer one lay behind it: %d", l.Revision)
		}
	}
}

func TestARotationOfKeys(t *testing.T) {
	r := newRig(t)
	r.createTopics("s-1")
	r.push("s-1", "s-1-d1", 5, 1)
	r.start(r.settings(oneStore()))
	r.await(0, "the first command", acked(schemas.AckReady, "s-1-d1", 5))
	after, err := signing.Generate()
	if err != nil {
		t.Fatal(err)
	}
	r.served.Store(after)
	r.pushSigned(after, "s-1", "s-1-d1", 6, 1)
	_, at := r.await(0, "a command by the new key", acked(schemas.AckReady, "s-1-d1", 6))
	r.push("s-1", "s-1-d1", 7, 1)
	refused, _ := r.await(at, "a command by the old key", event(journal.Refused, "s-1-d1"))
	if refused.Reason != string(device.UnknownKey) {
		t.Errorf("refused: %+v", refused)
	}
}

// What is read is committed: a command of a transaction that was aborted is nobody's.
func TestOnlyCommittedCommandsAreRead(t *testing.T) {
	r := newRig(t)
	r.createTopics("s-1")
	client, err := kgo.NewClient(kgo.SeedBrokers(r.cluster.ListenAddrs()...), kgo.TransactionalID("router"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	plain := r.client
	for revision, end := range map[int64]kgo.TransactionEndTry{9: kgo.TryAbort, 5: kgo.TryCommit} {
		if err := client.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		r.client = client
		r.push("s-1", "s-1-d1", revision, 1)
		r.client = plain
		if err := topics.Settle(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		if err := client.EndTransaction(t.Context(), end); err != nil {
			t.Fatal(err)
		}
	}
	r.start(r.settings(oneStore()))
	obeyed, _ := r.await(0, "a command", event(journal.Obeyed, "s-1-d1"))
	if obeyed.Revision != 5 {
		t.Errorf("obeyed: %d", obeyed.Revision)
	}
}

// An attacker who may write to the stores' topics gets nothing shown, and each of the records is accounted for.
func TestAnAttacker(t *testing.T) {
	r := newRig(t)
	r.createTopics("s-1", "s-2")
	for revision := int64(1); revision <= 2; revision++ {
		for _, id := range []string{"s-1-d1", "s-1-d2"} {
			r.push("s-1", id, revision, 1, r.entry("a"))
		}
		r.push("s-2", "s-2-d1", revision, 1, r.entry("b"))
	}
	s := r.settings(oneStore(), storesim.Store{ID: "s-2", Devices: []string{"s-2-d1"}})
	s.Faults = fault.Plan{Rates: fault.Rates{Replay: 0.2, Forge: 1}, Seed: 7, Every: 5 * time.Millisecond, Longest: time.Millisecond}
	r.start(s)
	seen := 0 // of the lines, until there was an attack of each kind
	r.until("attacks of all kinds", func(lines []journal.Line) bool {
		seen = len(lines)
		return len(kindsOf(lines)) >= 7
	})
	r.until("these attacks to be refused", func(lines []journal.Line) bool { return allRefused(lines[:seen], lines) })
	for _, l := range r.said(journal.Started) {
		if l.Campaign == fault.ForgedCampaign {
			t.Errorf("%s shows what was forged", l.Device)
		}
	}
	for _, l := range r.said(journal.Obeyed) {
		if l.Revision > 2 {
			t.Errorf("an attack was obeyed: %+v", l)
		}
	}
}

// kindsOf returns the kinds of the attacks.
func kindsOf(lines []journal.Line) map[string]bool {
	kinds := map[string]bool{}
	for i := range lines {
		if l := &lines[i]; l.Event == journal.Attack && l.Offset != nil {
			kinds[l.Reason] = true
		}
	}
	return kinds
}

// allRefused says whether each record of attacks was refused, by what was told so far.
func allRefused(attacks, lines []journal.Line) bool {
	type place struct {
		store  string
		offset int64
	}
	refused := map[place]bool{}
	for i := range lines {
		if l := &lines[i]; l.Event == journal.Refused || l.Event == journal.Skipped {
			refused[place{l.Store, *l.Offset}] = true
		}
	}
	return !slices.ContainsFunc(attacks, func(l journal.Line) bool {
		return l.Event == journal.Attack && l.Offset != nil && !refused[place{l.Store, *l.Offset}]
	})
}

// A wiped device is registered anew, and does not obey what it was told before, though all of it is still in the topic and
// signed; what it is told then it does.
func TestAWipedDevice(t *testing.T) {
	r := newRig(t)
	r.createTopics("s-1")
	before := time.Now().UnixMilli()
	r.push("s-1", "s-1-d1", before, 1, r.entry("a"))
	s := r.settings(storesim.Store{ID: "s-1", Devices: []string{"s-1-d1"}})
	s.Faults = fault.Plan{Rates: fault.Rates{Wiped: 1}, Seed: 1, Every: time.Second, Longest: time.Millisecond, For: time.Second}
	r.start(s)
	_, at := r.await(0, "a wipe", func(l *journal.Line) bool { return l.Event == journal.Off && l.Reason == "wiped" })
	r.await(at, "the old command to be passed over", func(l *journal.Line) bool {
		return l.Event == journal.Skipped && l.Reason == string(device.BeforeBirth) && l.Revision == before
	})
	_, at = r.await(at, "the registration", event(journal.Registered, "s-1-d1"))
	after := time.Now().UnixMilli()
	r.push("s-1", "s-1-d1", after, 1, r.entry("b"))
	if obeyed, _ := r.await(at, "the new command", event(journal.Obeyed, "s-1-d1")); obeyed.Revision != after {
		t.Errorf("obeyed: %d, not %d", obeyed.Revision, after)
	}
	r.await(at, "its play", func(l *journal.Line) bool { return l.Event == journal.Started && l.Campaign == "c-b" })
}

// With every fault there is, and an attacker, devices come to what they were told in the end, and obey nothing else.
func TestFaultsHeal(t *testing.T) {
	r := newRig(t)
	r.createTopics("s-1")
	// One of them is wiped in any case: those that are drawn meet, on a slow machine, and are one then.
	ids, timed := []string{"s-1-d1", "s-1-d2", "s-1-d3"}, map[string][]fault.Spell{
		"s-1-d3": {{After: 500 * time.Millisecond, Down: 10 * time.Millisecond, Wiped: true}},
	}
	newest := map[string]int64{}
	for _, id := range ids {
		newest[id] = 3
		r.push("s-1", id, 3, 1, r.entry("a"), r.entry("b"))
	}
	s := r.settings(storesim.Store{ID: "s-1", Devices: ids})
	s.Faults = fault.Plan{
		Rates: fault.Rates{
			Offline: 0.3, Slow: 0.3, DiskFull: 0.3, Restart: 0.3, Wiped: 0.1, Corrupt: 0.3, WrongClock: 0.5, Replay: 0.3, Forge: 0.5,
		},
		Seed: 5, Every: 20 * time.Millisecond, Longest: 20 * time.Millisecond, ClockMax: 500 * time.Millisecond, DriftMax: 100,
		For: time.Second, Timed: timed,
	}
	stop := r.start(s)
	wiped, heard := false, 0
	r.until("all to be as it was told", func(lines []journal.Line) bool {
		for ; heard < len(lines); heard++ {
			if l := &lines[heard]; l.Event == journal.Registered { // the engine's answer
				wiped = true
				newest[l.Device] = time.Now().UnixMilli()
				r.push("s-1", l.Device, newest[l.Device], 1, r.entry("a"), r.entry("b"))
			}
		}
		return !slices.ContainsFunc(ids, func(id string) bool { return !healed(lines, id, newest[id], s.Faults) })
	})
	stop()
	if !wiped {
		t.Error("nobody was wiped")
	}
	for _, l := range r.said(journal.Final) {
		if l.Revision != newest[l.Device] || len(l.Cache) != 2 || len(l.Missing) != 0 {
			t.Errorf("final: %+v", l)
		}
	}
	checkOffline(t, r.lines)
	attacked := map[int64]bool{}
	for _, l := range r.said(journal.Attack) {
		if l.Offset != nil {
			attacked[*l.Offset] = true
		}
	}
	for _, l := range r.said(journal.Obeyed) {
		if attacked[*l.Offset] {
			t.Errorf("an attack was obeyed: %+v", l)
		}
	}
	plays := map[string]schemas.Play{}
	for _, e := range events[schemas.Play](r, topics.Plays) {
		if earlier, is := plays[e.Data.PlayID]; is && earlier != e.Data || e.Data.CampaignID == fault.ForgedCampaign {
			t.Errorf("%+v, and before it: %+v", e.Data, earlier)
		}
		plays[e.Data.PlayID] = e.Data
	}
	for _, l := range r.said(journal.Trouble) {
		t.Errorf("trouble: %s", l.Error)
	}
}

// healed says whether a device has come to a playlist and shows it, and no fault is left to befall it: two of its reports are of
// different turns, and in between it has suffered all that was due before the first.
func healed(lines []journal.Line, deviceID string, revision int64, faults fault.Plan) bool {
	ready, reports := int64(0), 0
	over := schemas.Instant((faults.For + faults.Longest).Milliseconds()) // behind the first line
	for i := range lines {
		l := &lines[i]
		switch {
		case l.Device != deviceID:
		case l.Event == journal.Acked && l.Status == schemas.AckReady:
			ready = l.Revision
		case l.Event == journal.Off:
			reports = 0
			if l.Reason == "wiped" {
				ready = 0
			}
		case l.Event == journal.Reported && l.At > lines[0].At+over:
			reports++
		}
	}
	return ready == revision && reports >= 2 && holds(lines, deviceID) == 2
}

// checkOffline looks whether devices heard or said something while they were offline.
func checkOffline(t *testing.T, lines []journal.Line) {
	t.Helper()
	offline := map[string]bool{}
	for i := range lines {
		switch l := &lines[i]; l.Event {
		case journal.Offline, journal.Online:
			offline[l.Device] = l.Event == journal.Offline
		case journal.Acked, journal.Obeyed:
			if offline[l.Device] {
				t.Errorf("offline, and yet: %+v", l)
			}
		}
	}
}
