package campaign_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/state/campaign"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// encodeAndDecode returns the row as it is after its encoding, having checked that nothing got lost.
func encodeAndDecode(t rapid.TB, row campaign.Row) (decoded campaign.Row) {
	t.Helper()
	data := row.AppendBinary(nil)
	if err := decoded.UnmarshalBinary(data); err != nil {
		t.Fatalf("decoding %x: %v", data, err)
	}
	if diff := cmp.Diff(row, decoded); diff != "" {
		t.Fatalf("the decoded row differs (-encoded +decoded):\n%s", diff)
	}
	if due := binary.BigEndian.Uint64(data); due != math.MaxInt64 {
		t.Fatalf("the row is due at %d; want never", due)
	}
	return decoded
}

func TestRowsSurviveTheirEncoding(t *testing.T) {
	rows := states()
	rows["large"] = campaign.Row{
		Status: campaign.Paused, Revision: 1<<53 - 1, Sequence: 1 << 40, StartsAt: instant.Max, EndsAt: instant.Min,
		Campaign: bytes.Repeat([]byte("x"), 512<<10),
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) { encodeAndDecode(t, row) })
		row.Position, row.DecidedAt = 1<<40, instant.Max
		t.Run(name+", placed", func(t *testing.T) { encodeAndDecode(t, row) })
	}
}

// TestRowsWrittenBeforePositionsAreRead: a deployment is not rebuilt for a new version of the program.
func TestRowsWrittenBeforePositionsAreRead(t *testing.T) {
	old := "7fffffffffffffff" + "01" + "42" + "05" + "07" + "d00f" + "d00f" + hex.EncodeToString([]byte(`{"name":"x"}`))
	data, err := hex.DecodeString(old)
	if err != nil {
		t.Fatal(err)
	}
	var row campaign.Row
	if err := row.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	want := campaign.Row{
		Status: campaign.Active, EverActive: true, Revision: 5, Sequence: 7, StartsAt: 1000, EndsAt: 2000,
		Campaign: []byte(`{"name":"x"}`),
	}
	if diff := cmp.Diff(want, row); diff != "" {
		t.Errorf("the row differs (-want +got):\n%s", diff)
	}
	d := campaign.Apply(row, campaign.Due{Transition: campaign.Pause, Revision: 6, DecidedAt: 1500, Position: 3})
	if !d.Applied || d.Row.Position != 3 {
		t.Errorf("the next due of an old row gives %+v", d)
	}
}

// TestAppendingToADecodedCampaignLeavesTheBytesAlone: Campaign shares the memory of what it was decoded from, which is
// a row of a table; whoever appends to it must get memory of its own.
func TestAppendingToADecodedCampaignLeavesTheBytesAlone(t *testing.T) {
	row := states()["ACTIVE+ever"]
	data := append(row.AppendBinary(nil), "beyond"...)
	encoded := data[:len(data)-len("beyond")]
	var decoded campaign.Row
	if err := decoded.UnmarshalBinary(encoded); err != nil {
		t.Fatal(err)
	}
	decoded.Campaign = append(decoded.Campaign, "X"...)
	if !bytes.HasSuffix(data, []byte("beyond")) {
		t.Errorf("appending wrote into the bytes behind the row: %q", data)
	}
}

func TestDamagedRowsAreRefused(t *testing.T) {
	row := campaign.Row{Status: campaign.Active, Revision: 300, Sequence: 1, StartsAt: 1000, EndsAt: 2000}
	good := row.AppendBinary(nil)
	bad := map[string][]byte{
		"nothing": nil, "zeros": make([]byte, 64), "ones": bytes.Repeat([]byte{0xff}, 64),
		"another due instant": append([]byte{0}, good[1:]...),
		"no layout":           append(append(bytes.Clone(good[:8]), 0), good[9:]...),
		"another layout":      append(append(bytes.Clone(good[:8]), 3), good[9:]...),
		"a position of none":  append(append(append(bytes.Clone(good[:8]), 2), good[9:]...), 0, 0),
		"another status":      append(append(bytes.Clone(good[:9]), 6), good[10:]...),
		"a long number":       append(append(bytes.Clone(good[:10]), 0x80, 0x00), good[12:]...),
	}
	row.Position, row.DecidedAt = 300, 1000
	placed := row.AppendBinary(nil)
	for size := range good {
		bad[fmt.Sprintf("cut to %d", size)] = good[:size]
	}
	for size := range placed {
		bad[fmt.Sprintf("placed, cut to %d", size)] = placed[:size]
	}
	for name, data := range bad {
		row := campaign.Row{Revision: 77}
		if err := row.UnmarshalBinary(data); !errors.Is(err, campaign.ErrRow) || row.Revision != 77 {
			t.Errorf("%s: %v, %+v; want ErrRow and an unchanged row", name, err, row)
		}
	}
}

func FuzzRow(f *testing.F) {
	for _, row := range states() {
		f.Add(row.AppendBinary(nil))
		row.Position, row.DecidedAt = 300, 1500
		f.Add(row.AppendBinary(nil))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var row campaign.Row
		if err := row.UnmarshalBinary(data); err != nil {
			return
		}
		if again := row.AppendBinary(nil); !bytes.Equal(again, data) {
			t.Fatalf("%x is taken, but encoded as %x", data, again)
		}
	})
}
