package pgstore

import (
	"encoding/binary"
	"testing"

	"github.com/cockroachdb/apd/v3"
	"github.com/jackc/pgx/v5/pgtype"
	"pgregory.net/rapid"
)

// TestNumericIsTheServers: what is written is what the driver reads, and all digits behind the point are kept.
func TestNumericIsTheServers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?[0-9]{1,14}(\.[0-9]{1,14})?`).Draw(t, "number")
		given, _, err := apd.NewFromString(text)
		if err != nil {
			t.Fatal(err)
		}
		var w rowWriter
		w.numeric(given)
		field := w.bytes[4:]
		if length := binary.BigEndian.Uint32(w.bytes); int(length) != len(field) || w.fields != 1 {
			t.Fatalf("%s: length %d of %d bytes, %d fields", text, length, len(field), w.fields)
		}
		var read pgtype.Numeric
		if err := pgtype.NewMap().Scan(pgtype.NumericOID, pgtype.BinaryFormatCode, field, &read); err != nil {
			t.Fatal(err)
		}
		if got := apd.NewWithBigInt(new(apd.BigInt).SetMathBigInt(read.Int), read.Exp); got.Cmp(given) != 0 {
			t.Fatalf("%s is read as %s", text, got)
		}
		if scale := binary.BigEndian.Uint16(field[6:]); int32(scale) != -given.Exponent {
			t.Fatalf("%s has the scale %d", text, scale)
		}
	})
}
