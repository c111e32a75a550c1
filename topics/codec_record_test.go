package topics

import (
	"bytes"
	"encoding/base64"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/schemas"
)

func TestLoopCarriesRecordsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		optional := rapid.OneOf(rapid.Just([]byte(nil)), rapid.SliceOfN(rapid.Byte(), 0, 40))
		record := &Record{
			Topic:     rapid.String().Draw(t, "topic"),
			Partition: rapid.Int32().Draw(t, "partition"),
			Offset:    rapid.Int64().Draw(t, "offset"),
			Timestamp: schemas.Instant(rapid.Int64().Draw(t, "timestamp")),
			Key:       optional.Draw(t, "key"),
			Value:     optional.Draw(t, "value"),
		}
		for range rapid.IntRange(0, 4).Draw(t, "headers") {
			header := Header{Key: rapid.String().Draw(t, "name"), Value: optional.Draw(t, "header")}
			record.Headers = append(record.Headers, header)
		}
		encoded, err := LoopCodec{}.Encode(record)
		if err != nil {
			t.Fatal(err)
		}
		back, err := LoopCodec{}.Decode(encoded)
		if err != nil {
			t.Fatal(err)
		}
		clear(encoded)
		if diff := cmp.Diff(record, back); diff != "" {
			t.Fatalf("record differs (-written +read):\n%s", diff)
		}
	})
}

func TestLoopTakesTheLargestInputAndNoLarger(t *testing.T) {
	record := &Record{
		Topic: strings.Repeat("t", 249), Key: make([]byte, KeyMaxBytes), Value: make([]byte, schemas.RecordMaxBytes),
		Headers: []Header{{Key: "x", Value: make([]byte, 190<<10)}},
	}
	encoded, err := LoopCodec{}.Encode(record)
	if err != nil {
		t.Fatal(err)
	}
	if len(encoded) > loopMaxBytes() {
		t.Errorf("the largest record has %d bytes, the topic's limit counts on %d", len(encoded), loopMaxBytes())
	}
	record.Value = append(record.Value, 0)
	if _, err := (LoopCodec{}).Encode(record); err == nil {
		t.Error("a value over the limit is encoded")
	}
}

func FuzzLoopDecode(f *testing.F) {
	record := &Record{Topic: "t", Key: []byte("k"), Headers: []Header{{"a", nil}, {"b", []byte("x")}}}
	encoded, err := LoopCodec{}.Encode(record)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(encoded)
	f.Add([]byte{loopVersion})
	f.Fuzz(func(t *testing.T, data []byte) {
		value, err := LoopCodec{}.Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		if record, is := value.(*Record); is && len(record.Headers)*2 > len(data) {
			t.Fatalf("%d bytes give %d headers", len(data), len(record.Headers))
		}
	})
}

func TestRefusedEventTellsOfTheRecord(t *testing.T) {
	record := Record{
		Topic: "campaign-events", Partition: 3, Offset: 42, Timestamp: 1_796_101_200_021, Key: []byte("c-1"),
		Headers: []Header{{"ce_id", []byte("e-1")}, {"n\xff", nil}}, Value: []byte("hello"),
	}
	got := RefusedEvent(record, refuse(schemas.Malformed, "value", "must be one JSON text"))
	at := record.Timestamp
	want := &schemas.Event[schemas.Refused]{
		SpecVersion: "1.0", ID: "campaign-events/3/42", Source: "campaign-engine", Type: "record.refused", Subject: "c-1",
		Time: &at, DataContentType: "application/json", Data: schemas.Refused{
			Reason: "malformed", Detail: "value: must be one JSON text", Topic: "campaign-events", Partition: 3, Offset: 42,
			Timestamp: at, KeyBase64: "Yy0x", KeyBytes: 3, ValueBase64: "aGVsbG8=", ValueBytes: 5,
			ValueSHA256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
			Headers:     []schemas.RefusedHeader{{Key: "ce_id", ValueBase64: "ZS0x"}, {Key: "n\uFFFD"}}, HeadersTotal: 2,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event differs (-want +got):\n%s", diff)
	}
}

func TestRefusedEventIsBoundedWhateverTheRecord(t *testing.T) {
	nasty := strings.Repeat("\x01", 100<<10)
	var many []Header
	for range 100_000 {
		many = append(many, Header{})
	}
	cases := map[string]Record{
		"no key, value and headers": {Timestamp: -1},
		"large value":               {Value: make([]byte, 5<<20), Timestamp: math.MaxInt64},
		"large key":                 {Key: []byte(strings.Repeat("k", 1<<20)), Timestamp: math.MinInt64},
		"key that is no UTF-8":      {Key: []byte("\xff")},
		"large header":              {Headers: []Header{{"x", make([]byte, 1<<20)}}},
		"large name":                {Headers: []Header{{nasty, nil}}},
		"many headers":              {Headers: many},
		"everything at its largest": {
			Key: make([]byte, 1<<20), Value: make([]byte, 5<<20), Headers: append([]Header{{nasty[:40<<10], nil}}, many...),
		},
	}
	for name, record := range cases {
		t.Run(name, func(t *testing.T) {
			record.Topic = strings.Repeat("t", 249)
			event := RefusedEvent(record, refuse(schemas.TooLarge, "value", "must have at most 1048576 bytes"))
			encoded, err := RefusedCodec{}.Encode(event)
			if err != nil {
				t.Fatal(err)
			}
			if size := len(encoded) + len(RefusedKey(record.Key)); size > deadLetterMaxBytes() {
				t.Errorf("it has %d bytes, the topic's limit counts on %d", size, deadLetterMaxBytes())
			}
			d := event.Data
			got := []int64{d.KeyBytes, d.ValueBytes, d.HeadersTotal}
			want := []int64{int64(len(record.Key)), int64(len(record.Value)), int64(len(record.Headers))}
			if !cmp.Equal(want, got) {
				t.Errorf("key, value and headers have %v, not %v", got, want)
			}
			kept, err := base64.StdEncoding.DecodeString(d.ValueBase64)
			if err != nil || !bytes.Equal(kept, record.Value[:min(len(record.Value), 256<<10)]) {
				t.Errorf("%d bytes of the value are kept, %v", len(kept), err)
			}
		})
	}
}

func TestHeadersAreTakenOver(t *testing.T) {
	type clientHeader struct {
		Key   string
		Value []byte
	}
	want := []Header{{"a", []byte("1")}, {"b", nil}, {"c", []byte("3")}}
	if got := HeadersOf([]clientHeader{{"a", []byte("1")}, {"b", nil}, {"c", []byte("3")}}); !cmp.Equal(want, got) {
		t.Errorf("from a list: %v", got)
	}
	if got := HeadersOfMap(map[string][]byte{"c": []byte("3"), "a": []byte("1"), "b": nil}); !cmp.Equal(want, got) {
		t.Errorf("from a map: %v", got)
	}
}
