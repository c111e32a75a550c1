package campaign_test

import (
	"bytes"
	"encoding/binary"
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
		"another layout":      append(append(bytes.Clone(good[:8]), 2), good[9:]...),
		"another status":      append(append(bytes.Clone(good[:9]), 6), good[10:]...),
		"a long number":       append(append(bytes.Clone(good[:10]), 0x80, 0x00), good[12:]...),
	}
	for size := range good {
		bad[fmt.Sprintf("cut to %d", size)] = good[:size]
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
