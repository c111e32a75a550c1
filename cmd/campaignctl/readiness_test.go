package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// readiness is a record of how ready a campaign is, as the engine writes it.
func readiness(t *testing.T, id string, data schemas.Readiness) *kgo.Record {
	t.Helper()
	data.CampaignID = id
	event := schemas.NewEvent(id+"/readiness/1", schemas.CampaignReadiness, id, startOf(t).ScheduledFor, data)
	value, err := topics.ReadinessCodec{}.Encode(&event)
	if err != nil {
		t.Fatal(err)
	}
	return record(topics.CampaignReadiness, id, value)
}

// nearlyReady is how ready c-1 is: 997 of 1000, one of the others named.
func nearlyReady() schemas.Readiness {
	return schemas.Readiness{
		CampaignID: "c-1", Revision: 3, DevicesTotal: 1000, DevicesReady: 997, DevicesFailed: 1, DevicesUnreachable: 1, UnreadyTotal: 3,
		Unready: []schemas.UnreadyDevice{{DeviceID: "d-7", StoreID: "s-1", Reason: "failed: disk\x1b[2Jfull"}},
		AtStart: &schemas.AtStart{DevicesReady: 996, DevicesTotal: 999},
	}
}

// told puts what is told of some campaigns there, an older event of c-1 first.
func told(t *testing.T, k *kfake.Cluster) {
	t.Helper()
	put(t, k, readiness(t, "c-1", schemas.Readiness{Revision: 1, DevicesTotal: 7}),
		readiness(t, "c-1", nearlyReady()),
		readiness(t, "c-all", schemas.Readiness{Revision: 1, DevicesTotal: 1, DevicesReady: 1}),
		readiness(t, "c-none", schemas.Readiness{Revision: 1, AtStart: &schemas.AtStart{}}),
		record(topics.CampaignReadiness, "c-newer", []byte("of a later version")),
		readiness(t, "c-gone", schemas.Readiness{Revision: 1, DevicesTotal: 7}), record(topics.CampaignReadiness, "c-gone", nil))
}

func TestReadiness(t *testing.T) {
	k := cluster(t)
	told(t, k)
	got := run(t, k, "", "readiness", "c-1")
	want := "Campaign   c-1\nRevision   3\nChanged    2026-12-01T05:00:00.000Z  4 d 12 h ago\n" +
		"Ready      997 of 1000 devices, 99.7 %\nAt start   996 of 999 devices, 99.6 %\n" +
		"Not ready  3: 1 failed, 1 unreachable, 1 pending\n\n" +
		"STORE  DEVICE  NOT READY\ns-1    d-7     failed: disk�[2Jfull\nand 2 more\n"
	if diff := cmp.Diff(want, got.out); diff != "" || got.code != exitClean {
		t.Errorf("exit code %d, %s (-want +got):\n%s", got.code, got.errs, diff)
	}
	all := run(t, k, "", "readiness", "c-all")
	all.check(t, exitClean, "Ready     1 of 1 device, 100.0 %\nAt start  not known: it was not active yet\n")
	if strings.Contains(all.out, "STORE") || strings.Contains(all.out, "Not ready") {
		t.Errorf("all are ready:\n%s", all.out)
	}
	run(t, k, "", "readiness", "c-none").check(t, exitClean, "Ready     0 of 0 devices\nAt start  0 of 0 devices\n")
}

// TestReadinessAsJSON is the data of the newest event, as it is.
func TestReadinessAsJSON(t *testing.T) {
	k := cluster(t)
	told(t, k)
	document := run(t, k, "", "readiness", "c-1", "--json")
	event := decodedReadiness(t, document.out)
	if diff := cmp.Diff(nearlyReady(), event); diff != "" || document.code != exitClean {
		t.Errorf("exit code %d, %s (-want +got):\n%s", document.code, document.errs, diff)
	}
}

// decodedReadiness reads data as the data of an event.
func decodedReadiness(t *testing.T, data string) schemas.Readiness {
	t.Helper()
	decoded, err := topics.ReadinessCodec{}.Decode([]byte(`{"data":` + data + `}`))
	event, is := decoded.(*schemas.Event[schemas.Readiness])
	if err != nil || !is {
		t.Fatalf("%v: %s", err, data)
	}
	return event.Data
}

func TestReadinessOfWhichNothingIsKnown(t *testing.T) {
	k := cluster(t)
	told(t, k)
	for id, says := range map[string]string{
		"c-2": `campaign "c-2": nothing is known of its devices`, "c-gone": `campaign "c-gone": nothing is known of its devices`,
		"c-newer": `campaign "c-newer": reading how ready it is: no event of this version`,
	} {
		run(t, k, "", "readiness", id).check(t, exitFailed, says)
		if got := run(t, k, "", "readiness", id, "--json"); got.code != exitFailed || got.out != "" {
			t.Errorf("%s as JSON: exit code %d, %s", id, got.code, got.out)
		}
	}
	if _, err := kadm.NewClient(client(t, k)).DeleteTopic(t.Context(), string(topics.CampaignReadiness)); err != nil {
		t.Fatal(err)
	}
	run(t, k, "", "readiness", "c-1").check(t, exitFailed, "topic campaign-readiness does not exist")
}

// TestShowTellsHowReadyItIs, and goes on where that is not known.
func TestShowTellsHowReadyItIs(t *testing.T) {
	k := cluster(t)
	started(t, k)
	if got := run(t, k, "", "show", "c-1"); got.code != exitClean || strings.Contains(got.out, "Ready") {
		t.Errorf("nothing was told:\n%s%s", got.out, got.errs)
	}
	told(t, k)
	run(t, k, "", "show", "c-1").check(t, exitClean, "Ready        997 of 1000 devices; 996 of 999 at the start\n")
	if _, err := kadm.NewClient(client(t, k)).DeleteTopic(t.Context(), string(topics.CampaignReadiness)); err != nil {
		t.Fatal(err)
	}
	run(t, k, "", "show", "c-1").check(t, exitClean, "Ready        not known: campaign-readiness cannot be read\n")
}
