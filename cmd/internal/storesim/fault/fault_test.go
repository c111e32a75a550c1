package fault_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/signing"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/device"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/fault"
	"github.com/rmn-arms/campaign-engine/schemas"
)

func plan(seed uint64) *fault.Plan {
	return &fault.Plan{
		Rates: fault.Rates{Offline: 0.3, Slow: 0.2, DiskFull: 0.1, Restart: 0.1, Wiped: 0.05, Corrupt: 0.2, WrongClock: 0.2, Replay: 0.2, Forge: 0.4},
		Seed:  seed, Every: time.Minute, Longest: 30 * time.Second, ClockMax: time.Hour, DriftMax: 100,
	}
}

// life writes down all that is drawn for a device and a store.
func life(p *fault.Plan) (said string) {
	for n := range int64(50) {
		kind, after, _ := p.Attack("s-1", n)
		said += fmt.Sprintln(p.At("d-1", n), p.Spoils("d-1", n), p.Skew("d-1", n, time.Time{}), kind, after)
	}
	return said
}

func TestTheSeedDecides(t *testing.T) {
	one, again := life(plan(1)), life(plan(1))
	if one != again {
		t.Error("two runs of a seed differ")
	}
	if one == life(plan(2)) {
		t.Error("two seeds are the same")
	}
}

func TestRatesAreKept(t *testing.T) {
	p := plan(3)
	const draws = 10_000
	offline, wiped := 0, 0
	for n := range int64(draws) {
		s := p.At("d-1", n)
		if s.Offline > 0 {
			offline++
		}
		if s.Wiped {
			wiped++
		}
		if s.After < 0 || s.After >= p.Every || s.Offline > p.Longest || s.Wiped && s.Down == 0 {
			t.Fatalf("%+v", s)
		}
	}
	if offline < 2800 || offline > 3200 || wiped < 400 || wiped > 600 {
		t.Errorf("of 10,000: %d offline of 3,000, %d wiped of 500", offline, wiped)
	}
}

func TestFaultsAreOverInTheEnd(t *testing.T) {
	p := plan(1)
	p.For = 10 * time.Minute
	for n := range int64(100) {
		s := p.At("d-1", n)
		kind, after, _ := p.Attack("s-1", n)
		if over := n >= 10; over && (!s.None() || kind != "") || time.Duration(n)*p.Every+max(s.After, after) >= p.For && !over {
			t.Errorf("in the %d. minute: %+v, %q", n, s, kind)
		}
	}
}

// Each attack is refused by a device, and for the reason that is meant.
func TestAttacksAreRefused(t *testing.T) {
	own, err := signing.Generate()
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := signing.ParseVerifier(own.Public())
	if err != nil {
		t.Fatal(err)
	}
	genuine := func(deviceID, storeID string, revision int64) fault.Record {
		c := schemas.Command{
			CommandID: schemas.CommandID(deviceID, revision), DeviceID: deviceID, StoreID: storeID, PlaylistRevision: revision, Attempt: 1,
		}
		value, err := json.Marshal(schemas.NewEvent("1", schemas.DeviceCommand, storeID, 1, c))
		if err != nil {
			t.Fatal(err)
		}
		jws, err := own.Sign(value)
		if err != nil {
			t.Fatal(err)
		}
		return fault.Record{Key: deviceID, Value: value, JWS: jws}
	}
	ours := []fault.Record{genuine("d-1", "s-1", 1), genuine("d-1", "s-1", 2), genuine("d-2", "s-1", 2)}
	theirs := []fault.Record{genuine("d-9", "s-9", 9)}
	obeys := map[string]device.Obeyed{}
	judge := func(r fault.Record) device.Verdict {
		received := device.Received{Key: r.Key, Value: r.Value}
		switch _, err := verifier.Verify(r.JWS, r.Value); {
		case r.JWS == "":
			received.Signature = device.Unsigned
		case err != nil:
			received.Signature = device.BadSignature
		}
		o := obeys[r.Key]
		return device.Judge(&device.Self{DeviceID: r.Key, StoreID: "s-1"}, &o, &received)
	}
	for _, r := range ours {
		v := judge(r)
		if v.Reason != "" {
			t.Fatalf("a genuine command is refused: %s", v.Reason)
		}
		obeys[r.Key] = v.Command
	}
	attacker := fault.NewAttacker(1, func() time.Time { return time.Unix(1000, 0) })
	for kind, reasons := range map[fault.Attack][]device.Reason{
		fault.Replay: {device.OlderRevision, device.SameAgain}, fault.OtherStore: {device.OtherStore}, fault.OtherDevice: {device.OtherDevice},
		fault.Unsigned: {device.Unsigned}, fault.Borrowed: {device.BadSignature}, fault.WrongKey: {device.BadSignature},
		fault.UnknownKey: {device.BadSignature}, fault.Tombstone: {device.Unsigned},
	} {
		for seed := range uint64(20) {
			r, made := attacker.Make(kind, ours, theirs, rand.New(rand.NewPCG(seed, 0)))
			if !made {
				t.Fatalf("%s was not made", kind)
			}
			v := judge(r)
			refused := false
			for _, reason := range reasons {
				refused = refused || v.Reason == reason
			}
			if !refused {
				t.Errorf("%s: %q, not %v", kind, v.Reason, reasons)
			}
		}
		if _, made := attacker.Make(kind, nil, theirs, rand.New(rand.NewPCG(1, 1))); made {
			t.Errorf("%s is made of nothing", kind)
		}
	}
}

// A forged command would be seen if it were believed: it is newer, and asks for a campaign that may be shown at once.
func TestAForgedCommandIsWorthBelieving(t *testing.T) {
	value, err := json.Marshal(schemas.NewEvent("1", schemas.DeviceCommand, "s-1", 1, schemas.Command{
		CommandID: "d-1/7", DeviceID: "d-1", StoreID: "s-1", PlaylistRevision: 7, Attempt: 1,
	}))
	if err != nil {
		t.Fatal(err)
	}
	attacker := fault.NewAttacker(1, func() time.Time { return time.Unix(10_000, 0) })
	forged, _ := attacker.Make(fault.Unsigned, []fault.Record{{Key: "d-1", Value: value}}, nil, rand.New(rand.NewPCG(1, 1)))
	v := device.Judge(&device.Self{DeviceID: "d-1", StoreID: "s-1"}, &device.Obeyed{Revision: 7}, &device.Received{Key: "d-1", Value: forged.Value})
	if v.Reason != "" || len(v.Command.Playlist) != 1 || v.Command.Playlist[0].CampaignID != fault.ForgedCampaign {
		t.Errorf("%+v", v)
	}
}
