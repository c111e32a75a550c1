package topics

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// sampleCommand returns a command of so many entries.
func sampleCommand(entries int) *schemas.Event[schemas.Command] {
	const revision, starts, ends = 1_796_101_200_021, schemas.Instant(1_796_101_200_000), schemas.Instant(1_796_706_000_000)
	command := schemas.Command{
		CommandID: schemas.CommandID("device-000417-07", revision), DeviceID: "device-000417-07", StoreID: "store-000417",
		PlaylistRevision: revision, Attempt: 1, ValidUntil: ends, Playlist: []schemas.PlaylistEntry{},
	}
	for i := range entries {
		command.Playlist = append(command.Playlist, schemas.PlaylistEntry{
			CampaignID: fmt.Sprintf("c-%d", i/3), CreativeID: fmt.Sprintf("cr-%d", i), Version: 1,
			URL: fmt.Sprintf("https://cdn.example/cr-%d.mp4", i), SHA256: strings.Repeat("9f86d081", 8), Bytes: 1 << 20,
			MIME: "video/mp4", DurationMs: 15_000, StartsAt: starts, EndsAt: ends,
		})
	}
	event := schemas.NewEvent(command.CommandID+"/1", schemas.DeviceCommand, command.StoreID, revision, command)
	return &event
}

// sampleReadiness returns the largest readiness that there may be, with texts that JSON escapes.
func sampleReadiness(lines int) *schemas.Event[schemas.Readiness] {
	id := strings.Repeat("c", schemas.IDMaxChars)
	r := schemas.Readiness{
		CampaignID: id, Revision: schemas.IntegerMax, DevicesTotal: schemas.IntegerMax, Unready: []schemas.UnreadyDevice{},
		UnreadyTotal: schemas.IntegerMax, AtStart: &schemas.AtStart{DevicesTotal: schemas.IntegerMax},
	}
	for range lines {
		reason := schemas.UnreadyReason("failed: " + strings.Repeat("\x01", schemas.AckErrorMaxChars))
		r.Unready = append(r.Unready, schemas.UnreadyDevice{DeviceID: id, StoreID: id, Reason: reason})
	}
	event := schemas.NewEvent(id+"/readiness/1", schemas.CampaignReadiness, id, schemas.InstantMax, r)
	return &event
}

// drawCommand draws a command; its texts hold all that JSON escapes.
func drawCommand(t *rapid.T) *schemas.Event[schemas.Command] {
	id := rapid.StringMatching(`[A-Za-z0-9][A-Za-z0-9._-]{0,20}`)
	number := rapid.Int64Range(1, schemas.IntegerMax)
	at := rapid.Map(rapid.Int64Range(int64(yearZero), int64(schemas.InstantMax)), func(ms int64) schemas.Instant {
		return schemas.Instant(ms)
	})
	c := schemas.Command{
		DeviceID: id.Draw(t, "device"), StoreID: rapid.StringMatching(`[A-Za-z0-9][A-Za-z0-9-]{0,20}`).Draw(t, "store"),
		PlaylistRevision: number.Draw(t, "revision"), Attempt: number.Draw(t, "attempt"), ValidUntil: at.Draw(t, "valid until"),
	}
	c.CommandID = schemas.CommandID(c.DeviceID, c.PlaylistRevision)
	for range rapid.IntRange(0, 4).Draw(t, "entries") {
		c.Playlist = append(c.Playlist, schemas.PlaylistEntry{
			CampaignID: id.Draw(t, "campaign"), CreativeID: id.Draw(t, "creative"), Version: number.Draw(t, "version"),
			URL:    "https://" + rapid.StringOfN(rapid.RuneFrom([]rune(`a/"\<&>é😀`+"\u2028")), 1, 20, -1).Draw(t, "url"),
			SHA256: rapid.StringMatching(`[0-9A-Fa-f]{64}`).Draw(t, "hash"), Bytes: number.Draw(t, "bytes"),
			MIME: "video/" + id.Draw(t, "subtype"), DurationMs: number.Draw(t, "duration"),
			StartsAt: at.Draw(t, "start"), EndsAt: at.Draw(t, "end"),
		})
	}
	event := schemas.NewEvent(c.CommandID+"/1", schemas.DeviceCommand, c.StoreID, at.Draw(t, "time"), c)
	return &event
}

func TestCommandsAreWrittenAsReflectionWritesThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		event := drawCommand(t)
		got, err := EncodeCommand(event)
		checkEncoding(t, event, got, err)
		back, refusal := DecodeCommand(got)
		if refusal != nil {
			t.Fatalf("%s is refused: %+v", got, *refusal)
		}
		if diff := cmp.Diff(event, back); diff != "" {
			t.Fatalf("command differs (-written +read):\n%s", diff)
		}
	})
}

func TestCommandsAndReadinessAreValid(t *testing.T) {
	schemaOf := shapes(t)
	for _, entries := range []int{0, 3} {
		encoded, err := CommandCodec{}.Encode(sampleCommand(entries))
		if err != nil || !isValid(t, schemaOf[schemas.DeviceCommand], string(encoded)) {
			t.Errorf("%v, the schema refuses %s", err, encoded)
		}
	}
	nothing := sampleReadiness(0)
	nothing.Data.Unready, nothing.Data.AtStart = nil, nil
	for _, event := range []*schemas.Event[schemas.Readiness]{sampleReadiness(schemas.ReadinessLinesMax), nothing} {
		encoded, err := ReadinessCodec{}.Encode(event)
		if err != nil || !isValid(t, schemaOf[schemas.CampaignReadiness], string(encoded)) {
			t.Errorf("%v, the schema refuses %.2000s", err, encoded)
		}
	}
}

func TestLargestReadinessFits(t *testing.T) {
	encoded, err := ReadinessCodec{}.Encode(sampleReadiness(schemas.ReadinessLinesMax))
	if err != nil {
		t.Fatal(err)
	}
	if size := batchMaxOverheadBytes + schemas.IDMaxChars + len(encoded); size > readinessMaxBytes() {
		t.Errorf("it has %d bytes, more than the %d that were derived", size, readinessMaxBytes())
	}
}

func TestCommandCodecNamesWhatCannotBeWritten(t *testing.T) {
	notUTF8, tooLate := sampleCommand(1), sampleCommand(1)
	notUTF8.Data.Playlist[0].URL = "\xff"
	tooLate.Data.ValidUntil = schemas.InstantMax + 1
	for name, event := range map[string]*schemas.Event[schemas.Command]{"text": notUTF8, "instant": tooLate} {
		if encoded, err := (CommandCodec{}).Encode(event); err == nil || encoded != nil {
			t.Errorf("%s: got %.80s, %v", name, encoded, err)
		}
	}
}

// commandRefusals are texts of a command with one entry, and what stands in place of each.
func commandRefusals() []struct {
	old, new string
	reason   schemas.Reason
	detail   string
} {
	return []struct {
		old, new string
		reason   schemas.Reason
		detail   string
	}{
		{`}}`, `}`, schemas.Malformed, "value: "},
		{`"data":`, `"date":`, schemas.Malformed, "data: "},
		{`"type":"device.command"`, `"type":"device.ack"`, schemas.UnknownType, "type: "},
		{`"time":"2026-12-01T05:00:00.021Z"`, `"time":"9999-12-31T23:59:59-00:01"`, schemas.Malformed, "time: "},
		{`"command_id":`, `"x":`, schemas.BadSchema, "data.command_id: "},
		{`"command_id":"device-000417-07/`, `"command_id":"device-000417-08/`, schemas.BadSchema, "data.command_id: "},
		{`"device_id":"device-000417-07"`, `"device_id":null`, schemas.BadSchema, "data.device_id: "},
		{`"store_id":"store-000417"`, `"store_id":"store.000417"`, schemas.BadSchema, "data.store_id: "},
		{`"store_id":"store-000417"`, `"store_id":"` + times("s", 129) + `"`, schemas.BadSchema, "data.store_id: "},
		{`"store_id":`, `"x":`, schemas.BadSchema, "data.store_id: "},
		{`"playlist_revision":`, `"x":`, schemas.BadSchema, "data.playlist_revision: "},
		{`"attempt":1`, `"attempt":0`, schemas.BadSchema, "data.attempt: "},
		{`"attempt":`, `"x":`, schemas.BadSchema, "data.attempt: "},
		{`"valid_until":`, `"x":`, schemas.BadSchema, "data.valid_until: "},
		{`"playlist":`, `"x":`, schemas.BadSchema, "data.playlist: "},
		{`"playlist":[`, `"playlist":[{},`, schemas.BadSchema, "data.playlist[0].campaign_id: "},
		{`"campaign_id":`, `"x":`, schemas.BadSchema, "data.playlist[0].campaign_id: "},
		{`"creative_id":`, `"x":`, schemas.BadSchema, "data.playlist[0].creative_id: "},
		{`"version":1`, `"version":"1"`, schemas.BadSchema, "data.playlist[0].version: "},
		{`"url":`, `"x":`, schemas.BadSchema, "data.playlist[0].url: "},
		{`"sha256":"9f`, `"sha256":"9`, schemas.BadSchema, "data.playlist[0].sha256: "},
		{`"bytes":1048576`, `"bytes":0`, schemas.BadSchema, "data.playlist[0].bytes: "},
		{`"mime":"video/mp4"`, `"mime":"video"`, schemas.BadSchema, "data.playlist[0].mime: "},
		{`"duration_ms":15000`, `"duration_ms":-1`, schemas.BadSchema, "data.playlist[0].duration_ms: "},
		{`"starts_at":`, `"x":`, schemas.BadSchema, "data.playlist[0].starts_at: "},
		{`"ends_at":`, `"x":`, schemas.BadSchema, "data.playlist[0].ends_at: "},
	}
}

func TestDecodeCommandRefuses(t *testing.T) {
	whole, err := EncodeCommand(sampleCommand(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range commandRefusals() {
		event, refusal := DecodeCommand([]byte(once(string(whole), c.old, c.new)))
		if event != nil || refusal == nil || refusal.Reason != c.reason || !strings.HasPrefix(refusal.Detail, c.detail) {
			t.Errorf("%s in place of %s: got %v, %+v", c.new, c.old, event, refusal)
		}
	}
	for value, reason := range map[string]schemas.Reason{
		"": schemas.Malformed, "[]": schemas.Malformed, times("[", 10_000): schemas.TooDeep,
		string(whole) + times(" ", 1<<20): schemas.TooLarge,
	} {
		if event, refusal := DecodeCommand([]byte(value)); event != nil || refusal == nil || refusal.Reason != reason {
			t.Errorf("%.20q: got %v, %+v, want %s", value, event, refusal, reason)
		}
	}
}

// What was read shares nothing with what it was read from, nor with what is read next.
func TestDecodedCommandsShareNoMemory(t *testing.T) {
	want := sampleCommand(3)
	encoded, err := EncodeCommand(want)
	if err != nil {
		t.Fatal(err)
	}
	got, refusal := DecodeCommand(encoded)
	if refusal != nil {
		t.Fatal(*refusal)
	}
	copy(encoded, bytes.Repeat([]byte("x"), len(encoded)))
	if _, refusal := DecodeCommand(encoded); refusal == nil {
		t.Fatal("it was not written over")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("it differs (-written +read):\n%s", diff)
	}
}

// FuzzDecodeCommand looks for panics, for refusals that quote the payload, and for commands that do not survive being written
// again.
func FuzzDecodeCommand(f *testing.F) {
	for _, e := range frozen(f, schemas.DeviceCommand) {
		f.Add([]byte(e.Event))
		for _, at := range []string{"9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00+00:01"} {
			f.Add(regexp.MustCompile(`"(valid_until|starts_at|time)": *"[^"]*"`).ReplaceAll(e.Event, []byte(`"$1":"`+at+`"`)))
		}
	}
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, value []byte) {
		event, refusal := DecodeCommand(value)
		if refusal != nil {
			checkRefusal(t, refusal)
			return
		}
		if _, is := StoreOf(StoreTopic(event.Data.StoreID)); !is {
			t.Fatalf("there can be no topic of store %q", event.Data.StoreID)
		}
		event.Source = schemas.Source // the writer knows no other
		written, err := EncodeCommand(event)
		if err != nil || len(written) > 2*schemas.RecordMaxBytes {
			t.Fatalf("%d bytes, %v", len(written), err)
		}
		again, refusal := DecodeCommand(written)
		if refusal != nil {
			t.Fatalf("%s is refused: %+v", written, *refusal)
		}
		if diff := cmp.Diff(event, again); diff != "" {
			t.Fatalf("command differs (-read +again):\n%s", diff)
		}
	})
}

func BenchmarkEncodeCommand(b *testing.B) {
	event := sampleCommand(20)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := EncodeCommand(event); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeCommand(b *testing.B) {
	value, err := EncodeCommand(sampleCommand(20))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(value)))
	b.ReportAllocs()
	for b.Loop() {
		if _, refusal := DecodeCommand(value); refusal != nil {
			b.Fatal(refusal)
		}
	}
}
