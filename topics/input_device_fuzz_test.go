package topics

import (
	"slices"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// seedCases adds the cases of the table tests but for the largest, which would slow the fuzzer down.
func seedCases(f *testing.F, refusals []refusalCase, acceptances []acceptance) {
	const seedMaxBytes = 64 << 10
	for _, c := range refusals {
		if len(c.value)+len(c.key) <= seedMaxBytes {
			f.Add([]byte(c.key), []byte(c.value), len(c.headers) > 1, contentTypeOf(c.headers), len(c.value)%2 == 0)
		}
	}
	for _, c := range acceptances {
		if len(c.value) <= seedMaxBytes {
			f.Add([]byte("s-1"), []byte(c.value), len(c.headers) > 1, contentTypeOf(c.headers), len(c.value)%2 == 0)
		}
	}
}

// FuzzDecodeDeviceEvent looks for panics, for refusals that quote the payload, and for events that cannot be written again or
// are then read as others.
func FuzzDecodeDeviceEvent(f *testing.F) {
	seedCases(f, deviceRefusals(), deviceAcceptances())
	f.Fuzz(func(t *testing.T, key, value []byte, binary bool, contentType string, removed bool) {
		headers := []Header{{Key: "content-type", Value: []byte(contentType)}}
		if binary {
			kind := schemas.DeviceRegistered
			if removed {
				kind = schemas.DeviceRemoved
			}
			headers = append(binaryHeaders(Header{"ce_type", []byte(kind)}, Header{"ce_subject", key}), headers...)
		}
		before := slices.Clone(value)
		event, refusal := DecodeDeviceEvent(key, value, headers)
		if !slices.Equal(before, value) {
			t.Fatal("the value was written to")
		}
		if refusal != nil {
			checkRefusal(t, refusal)
			return
		}
		if (event.Registered == nil) == (event.Removed == nil) || event.StoreID() != string(key) || !schemas.IsStoreID(event.StoreID()) ||
			!schemas.IsID(event.DeviceID()) || event.ID == "" {
			t.Fatalf("accepted %+v", event)
		}
		var data any = event.Registered
		if event.Removed != nil {
			data = event.Removed
		}
		written, err := jsonv2.Marshal(schemas.NewEvent(event.ID, event.Kind, string(key), event.Time, data))
		if err != nil {
			t.Fatal(err)
		}
		again, refusal := DecodeDeviceEvent(key, written, nil)
		if refusal != nil {
			t.Fatalf("%s is refused: %+v", written, *refusal)
		}
		again.Trace = event.Trace
		if diff := cmp.Diff(event, again); diff != "" {
			t.Fatalf("event differs (-read +again):\n%s", diff)
		}
	})
}

// FuzzDecodeDeviceAck looks for panics, for refusals that quote the payload, and for acks that cannot be written again or are
// then read as others.
func FuzzDecodeDeviceAck(f *testing.F) {
	seedCases(f, ackRefusals(), ackAcceptances())
	f.Fuzz(func(t *testing.T, key, value []byte, binary bool, contentType string, _ bool) {
		headers := []Header{{Key: "content-type", Value: []byte(contentType)}}
		if binary {
			headers = append(binaryHeaders(Header{"ce_type", []byte(schemas.DeviceAck)}, Header{"ce_subject", key}), headers...)
		}
		before := slices.Clone(value)
		event, refusal := DecodeDeviceAck(key, value, headers)
		if !slices.Equal(before, value) {
			t.Fatal("the value was written to")
		}
		if refusal != nil {
			checkRefusal(t, refusal)
			return
		}
		a := event.Ack
		if a.StoreID != string(key) || !schemas.IsID(a.DeviceID) || a.PlaylistRevision < 1 || event.ID == "" ||
			!slices.Contains(schemas.AckStatuses(), a.Status) || len(a.Missing) > schemas.MissingMaxCount {
			t.Fatalf("accepted %+v, %+v", event, a)
		}
		written, err := jsonv2.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		again, refusal := DecodeDeviceAck(key, []byte(withData(schemas.DeviceAck, string(written))), nil)
		if refusal != nil {
			t.Fatalf("%s is refused: %+v", written, *refusal)
		}
		if diff := cmp.Diff(a, again.Ack); diff != "" {
			t.Fatalf("ack differs (-read +again):\n%s", diff)
		}
	})
}
