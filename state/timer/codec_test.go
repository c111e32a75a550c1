package timer_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/timer"
)

// encodeAndDecode returns the row as it is after its encoding, having checked that nothing got lost.
func encodeAndDecode(t rapid.TB, row timer.Row) (decoded timer.Row) {
	t.Helper()
	data := row.AppendBinary(nil)
	if err := decoded.UnmarshalBinary(data); err != nil {
		t.Fatalf("decoding %x: %v", data, err)
	}
	if decoded != row {
		t.Fatalf("the decoded row differs (-encoded +decoded):\n%s", cmp.Diff(row, decoded))
	}
	due, waits := row.NextDue()
	if prefix := instant.Instant(binary.BigEndian.Uint64(data)); prefix != due || waits == (due == timer.Never) {
		t.Fatalf("the row is due at %d, its encoding says %d", due, prefix)
	}
	return decoded
}

// rows returns one row of each sort, with realistic contents.
func rows() map[string]timer.Row {
	const day = 86_400_000
	starts := instant.Instant(1_796_101_200_000) // 2026-12-01T05:00:00Z
	change := timer.Change{
		Revision: 3, Hash: timer.Hash([]byte("0123456789abcdef")), AdvertiserID: "advertiser-12345", Currency: "USD",
		StartsAt: starts, EndsAt: starts + 7*day, Lead: day, Grace: 3_600_000,
	}
	now := starts - 30*day
	plain := timer.Decide(timer.Row{}, false, change, now, timer.Normal).Row
	change.Wording = timer.Wording{
		StartsAtLocal: "2026-12-01T00:00:00", EndsAtLocal: "2026-12-08T00:00:00", Zone: "America/New_York",
	}
	worded := timer.Decide(timer.Row{}, false, change, now, timer.Normal).Row
	started, _ := timer.Fire(worded, starts)
	rearmed := timer.Decide(started, true, timer.Change{
		Revision: 4, AdvertiserID: change.AdvertiserID, Currency: "USD", StartsAt: starts + day, EndsAt: starts + 9*day,
		Lead: day, Wording: timer.Wording{EndsAtLocal: "2026-12-10T00:00:00.5", Zone: "Asia/Tokyo", Disambiguation: "reject"},
	}, starts+1, timer.CatchingUp).Row
	ended, _ := timer.Fire(started, starts+7*day)
	settled, _ := timer.Fire(ended, starts+8*day)
	cancelled := timer.Decide(plain, true, timer.Change{Kind: timer.Cancel, Revision: 9}, now+1, timer.Normal).Row
	traced := worded
	traced.Trace = someTrace
	zoned := traced
	zoned.Wording.Database = "2025c"
	rezoned := worded
	rezoned.Wording.Database, rezoned.Rezones = "2026b", timer.Rezones{Count: 2, Newest: "2027a"}
	cancelledTraced := cancelled
	cancelledTraced.Trace = timer.Trace{0: 1}
	early := timer.Decide(timer.Row{}, false, timer.Change{
		Revision: 1, AdvertiserID: "a", Currency: "JPY", StartsAt: 5, EndsAt: 9, Lead: day,
	}, 2, timer.CatchingUp).Row // due before 1970
	return map[string]timer.Row{
		"plain": plain, "worded": worded, "started": started, "rearmed": rearmed, "ended": ended, "settled": settled,
		"cancelled": cancelled, "early": early, "traced": traced, "cancelled, traced": cancelledTraced,
		"zoned": zoned, "rezoned": rezoned,
	}
}

var someTrace = timer.Trace([]byte("trace id, 16 byte.span id.\x01"))

// TestRowsAreAsTheyWere: rows without a trace and without a time zone database are written as by the versions before those were
// kept, and what those wrote is read. Such a version had a trace alone before it had a database.
func TestRowsAreAsTheyWere(t *testing.T) {
	for name, want := range map[string]string{
		"plain":     "000001a22ad2fc8001f0303132333435363738396162636465660380c2d4d7b26880e2caffc5688088b2a00280b8992980dddb0100000000000000000010616476657274697365722d313233343503555344",
		"rearmed":   "000001a22ff9588001f8000000000000000000000000000000000482e2caffc56880d2fdd1c66880c0cbc90280b899290003ffefb252ffefb252000000000000000010616476657274697365722d3132333435035553440015323032362d31322d31305430303a30303a30302e350a417369612f546f6b796f0672656a656374",
		"settled":   "7fffffffffffffff0105303132333435363738396162636465660380e2e192cb6810616476657274697365722d313233343503555344",
		"traced":    "000001a22ad2fc8002f83031323334353637383961626364656674726163652069642c20313620627974652e7370616e2069640380c2d4d7b26880e2caffc5688088b2a00280b8992980dddb0100000000000000000010616476657274697365722d31323334350355534413323032362d31322d30315430303a30303a303013323032362d31322d30385430303a30303a303010416d65726963612f4e65775f596f726b00",
		"rezoned":   "000001a22ad2fc8003f8303132333435363738396162636465660380c2d4d7b26880e2caffc5688088b2a00280b8992980dddb010000000000000000000210616476657274697365722d31323334350355534413323032362d31322d30315430303a30303a303013323032362d31322d30385430303a30303a303010416d65726963612f4e65775f596f726b00053230323662053230323761",
		"cancelled": "000001a195b17f010182000000000000000000000000000000000982c2d4d7b26880e2caffc5688088b2a00280b8992980dddb0100fdafdae8170010616476657274697365722d313233343503555344",
	} {
		row := rows()[name]
		if got := hex.EncodeToString(row.AppendBinary(nil)); got != want {
			t.Errorf("a %s row is written as\n%s, it was\n%s", name, got, want)
		}
		data, err := hex.DecodeString(want)
		if err != nil {
			t.Fatal(err)
		}
		var read timer.Row
		if err := read.UnmarshalBinary(data); err != nil || read != row {
			t.Errorf("a %s row as it was written is read as %+v (%v), want %+v", name, read, err, row)
		}
	}
}

// TestATraceTakes25Bytes: what is kept for it is kept for each pending campaign.
func TestATraceTakes25Bytes(t *testing.T) {
	traced := rows()["traced"]
	with := len(traced.AppendBinary(nil))
	traced.Trace = timer.Trace{}
	if without := len(traced.AppendBinary(nil)); with != without+len(someTrace) {
		t.Errorf("a row takes %d bytes, with a trace %d", without, with)
	}
}

func TestRowsSurviveTheirEncoding(t *testing.T) {
	for name, row := range rows() {
		t.Run(name, func(t *testing.T) {
			encodeAndDecode(t, row)
			if !row.Holds() {
				t.Errorf("the row's invariants do not hold: %+v", row)
			}
		})
	}
}

// TestRowsAreSmall: a million of them wait in memory.
func TestRowsAreSmall(t *testing.T) {
	for name, limit := range map[string]int{"plain": 100, "worded": 150, "rezoned": 155, "started": 150, "rearmed": 150, "settled": 60} {
		row := rows()[name]
		if size := len(row.AppendBinary(nil)); size > limit {
			t.Errorf("a %s row takes %d bytes; want at most %d", name, size, limit)
		}
	}
}

func TestCodecAllocations(t *testing.T) {
	row := rows()["worded"]
	buffer := make([]byte, 0, 256)
	if allocs := testing.AllocsPerRun(100, func() { buffer = row.AppendBinary(buffer[:0]) }); allocs > 0 {
		t.Errorf("encoding allocates %v times; want 0", allocs)
	}
	if allocs := testing.AllocsPerRun(100, func() {
		if err := row.UnmarshalBinary(buffer); err != nil {
			t.Error(err)
		}
	}); allocs > 1 {
		t.Errorf("decoding allocates %v times; want at most 1", allocs)
	}
}

func TestAppendBinaryAppends(t *testing.T) {
	row := rows()["plain"]
	if got := row.AppendBinary([]byte("before")); !bytes.Equal(got, append([]byte("before"), row.AppendBinary(nil)...)) {
		t.Errorf("appended to other bytes the encoding is %x", got)
	}
}

// TestDamagedRowsAreRefused cuts, prolongs and mangles good encodings.
func TestDamagedRowsAreRefused(t *testing.T) {
	refused := func(what string, data []byte) {
		t.Helper()
		row := timer.Row{Revision: 77}
		if err := row.UnmarshalBinary(data); !errors.Is(err, timer.ErrRow) || row != (timer.Row{Revision: 77}) {
			t.Errorf("%s: %v, row %+v; want ErrRow and an unchanged row", what, err, row)
		}
	}
	refused("nothing", nil)
	refused("zeros", make([]byte, 64))
	refused("ones", bytes.Repeat([]byte{0xff}, 64))
	for name, row := range rows() {
		good := row.AppendBinary(nil)
		for size := range good {
			refused(name+" cut", good[:size])
		}
		refused(name+" prolonged", append(bytes.Clone(good), 0))
		for _, at := range []int{0, 7, 8} { // due instant and layout
			bad := bytes.Clone(good)
			bad[at]++
			refused(name+" with another due instant or layout", bad)
		}
	}
}

// TestEveryRowHasOneEncoding flips each bit and lengthens each number of good encodings: what is still taken must be
// the encoding of what it was taken for.
func TestEveryRowHasOneEncoding(t *testing.T) {
	for name, row := range rows() {
		good := row.AppendBinary(nil)
		for at := range good {
			for bit := range 8 {
				bad := bytes.Clone(good)
				bad[at] ^= 1 << bit
				sameIfTaken(t, name, bad)
			}
			sameIfTaken(t, name, slices.Concat(good[:at], []byte{good[at] | 0x80, 0}, good[at+1:]))
		}
	}
}

func sameIfTaken(t *testing.T, name string, data []byte) {
	t.Helper()
	var row timer.Row
	if err := row.UnmarshalBinary(data); err != nil {
		return
	}
	if again := row.AppendBinary(nil); !bytes.Equal(again, data) || !row.Holds() {
		t.Errorf("%s: %x is taken, but encoded as %x, its invariants: %v", name, data, again, row.Holds())
	}
}

// TestADatabaseWithoutAWallClockTimeIsNoRow: it would be a second encoding of a row that waits for no rules.
func TestADatabaseWithoutAWallClockTimeIsNoRow(t *testing.T) {
	for _, name := range []string{"plain", "settled", "cancelled"} {
		row := rows()[name]
		row.Wording.Database = "2025c"
		data := row.AppendBinary(nil)
		if err := row.UnmarshalBinary(data); !errors.Is(err, timer.ErrRow) {
			t.Errorf("a %s row with a database is read: %v, %+v", name, err, row)
		}
	}
}

func TestLongTextsFit(t *testing.T) {
	row := rows()["worded"]
	row.AdvertiserID, row.Wording.Zone = strings.Repeat("a", 255), strings.Repeat("z", 255)
	encodeAndDecode(t, row)
}

func FuzzRow(f *testing.F) {
	for _, row := range rows() {
		f.Add(row.AppendBinary(nil), int64(row.StartsAt))
	}
	f.Fuzz(func(t *testing.T, data []byte, now int64) {
		var row timer.Row
		if err := row.UnmarshalBinary(data); err != nil {
			return
		}
		if again := row.AppendBinary(nil); !bytes.Equal(again, data) {
			t.Fatalf("%x is taken, but encoded as %x", data, again)
		}
		now = max(-1<<53, min(now, 1<<53))
		fired, dues := timer.Fire(row, instant.Instant(now))
		if _, again := timer.Fire(fired, instant.Instant(now)); len(again) > 0 || len(dues) > 4 {
			t.Fatalf("%d dues, and %d more at the same instant", len(dues), len(again))
		}
		if at, waits := fired.NextDue(); waits && at <= instant.Instant(now) && at != math.MaxInt64 {
			t.Fatalf("after firing at %d the row is due at %d", now, at)
		}
		cancel := timer.Change{Kind: timer.Cancel, Revision: row.Revision + 1}
		timer.Decide(row, true, cancel, instant.Instant(now), timer.Normal)
	})
}
