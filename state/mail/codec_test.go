package mail_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rmn-arms/campaign-engine/state/mail"
)

// full is a row with something in every field.
func full(t testing.TB) mail.Row {
	b := newBox(t)
	doubtful := definition(4, "c@x.de")
	doubtful.Doubtful = true
	b.fold(definition(1, "a@x.de", "b@x.de"), definition(2, "a@x.de", "b@x.de"), definition(3), doubtful, schedule(1, 1), start(2, 1),
		cancelled(end(3, 1)), final())
	return b.row
}

func TestARowIsReadAsItWasWritten(t *testing.T) {
	row := full(t)
	data := row.AppendBinary([]byte("in front"))[len("in front"):]
	var read mail.Row
	if err := read.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(row, read); diff != "" {
		t.Errorf("differs (-written +read):\n%s", diff)
	}
	if due := int64(binary.BigEndian.Uint64(data)); due != int64(row.NextDue()) || row.NextDue() == mail.Never {
		t.Errorf("due at %d, in bytes %d", row.NextDue(), due)
	}
	if (&mail.Row{}).NextDue() != mail.Never || !bytes.HasPrefix((&mail.Row{}).AppendBinary(nil), mail.RestPrefix()) {
		t.Error("a row that waits for nothing does not begin as one")
	}
	if bytes.HasPrefix(data, mail.RestPrefix()) {
		t.Error("a row that waits begins as one that does not")
	}
	for i := range data {
		data[i] = 'x'
	}
	if read.Start.TransitionID != "c-1/1/start" {
		t.Errorf("it shares memory with its bytes: %q", read.Start.TransitionID)
	}
}

// provisionally is a row that waits for contacts with a provisional letter.
func provisionally(t testing.TB) mail.Row {
	b := newBox(t)
	b.fold(schedule(1, 1), withGrace(end(2, 1), 2*hour), interim())
	return b.row
}

func TestARowOfTheLayoutBeforeIsRead(t *testing.T) {
	// Written by the version before this one: an end that waits for its statement, and a start for its readiness.
	const written = "" +
		"000001a229f14f1001010101030003632d3106537072696e6703612d31010345555280a0899fc56880b0eddfc9680d4575726f70652f42" +
		"65726c696e0002010103612d31034555520001066140782e6465044465736b02656e80a0899fc56800a0bc8a9fc5680b632d312f312f73" +
		"746172740080a0899fc56880a0899fc5680003632d3106537072696e6703612d31010345555280a0899fc56880b0eddfc9680d4575726f" +
		"70652f4265726c696e000209632d312f312f656e640180b0eddfc96880b0eddfc96880eaa4e3c96803632d3106537072696e6703612d31" +
		"010345555280a0899fc56880b0eddfc9680d4575726f70652f4265726c696e00025d7ddac2"
	data, err := hex.DecodeString(written)
	if err != nil {
		t.Fatal(err)
	}
	b := newBox(t)
	if err := b.row.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	b.fold(mail.AtStart{Ready: 1, Total: 2}, final())
	b.want("started of c-1/1/start to a@x.de, 1 of 2", "final of c-1/1/end to a@x.de, 1 of 2, c-1/1")
	row := provisionally(t)
	refused(t, "an interim statement in the layout before", row.AppendBefore(nil))
}

func TestOtherBytesAreNoRow(t *testing.T) {
	row := full(t)
	data := row.AppendBinary(nil)
	for cut := range data {
		refused(t, fmt.Sprint("cut at ", cut), data[:cut])
	}
	for bit := range 8 * len(data) {
		flipped := append([]byte(nil), data...)
		flipped[bit/8] ^= 1 << (bit % 8)
		refused(t, fmt.Sprint("bit ", bit), flipped)
	}
	// What has its sum right and is no row all the same: another layout, another due instant, unknown flags and stages.
	for at := range 12 {
		other := append([]byte(nil), data[:len(data)-4]...)
		other[at] ^= 0x40
		refused(t, fmt.Sprint("byte ", at), summed(other))
	}
	row.End.Was = 3
	refused(t, "cancelled from what there is not", row.AppendBinary(nil))
	refused(t, "more", summed(append(append([]byte(nil), data[:len(data)-4]...), 0)))
}

func summed(data []byte) []byte {
	return binary.BigEndian.AppendUint32(data, crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)))
}

func refused(t *testing.T, name string, data []byte) {
	t.Helper()
	row := mail.Row{Sequence: 7}
	if err := row.UnmarshalBinary(data); err != mail.ErrRow || row.Sequence != 7 {
		t.Errorf("%s: %v, and the row is %+v", name, err, row)
	}
}

// FuzzRow holds that whatever has its sum right is refused, or is what is written again.
func FuzzRow(f *testing.F) {
	for _, row := range []mail.Row{full(f), provisionally(f), {}, {Sequence: 3, End: mail.Waiting{Stage: mail.Mailed}}} {
		data := row.AppendBinary(nil)
		f.Add(data[:len(data)-4])
		data = row.AppendBefore(nil)
		f.Add(data[:len(data)-4])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		data = summed(data)
		var row mail.Row
		if row.UnmarshalBinary(data) != nil {
			return
		}
		written := row.AppendBinary(nil)
		if data[8] == 1 {
			var again mail.Row
			if err := again.UnmarshalBinary(written); err != nil || !cmp.Equal(row, again) {
				t.Errorf("%x is written as %x: %v", data, written, err)
			}
		} else if string(written) != string(data) {
			t.Errorf("%x is written as %x", data, written)
		}
	})
}

// TestARowIsBounded: the largest lists of contacts, and many more revisions than are kept. What was never applied does not
// push out what is in force.
func TestARowIsBounded(t *testing.T) {
	many := func(revision int64) mail.Definition {
		d := mail.Definition{Number: revision, AdvertiserID: "a-1", Currency: "EUR"}
		for i := range 50 {
			d.Contacts = append(d.Contacts, mail.Contact{
				Email: fmt.Sprintf("%d-%d-%s@x.de", revision, i, strings.Repeat("l", 240)), Name: strings.Repeat("😀", 256),
				Locale: strings.Repeat("x", 64),
			})
		}
		return d
	}
	b := newBox(t)
	b.fold(many(1), schedule(1, 1))
	for revision := range int64(100) {
		b.fold(many(2 + revision))
	}
	b.fold(start(2, 1))
	largest := len(b.row.AppendBinary(nil))
	if kept := len(b.row.Revisions); kept != mail.RevisionsMax+1 || largest > 1<<20 {
		t.Errorf("%d revisions in %d bytes", kept, largest)
	}
	t.Logf("the largest row has %d bytes", largest)
	b.fold(mail.AtStart{})
	if len(b.letters) != 50 {
		t.Errorf("%d letters at the start; want 50", len(b.letters))
	}
	b.letters = nil
	b.fold(transition(3, 50, "reschedule", startsAt+1), end(4, 50), final())
	if b.want(); b.lost != 1 {
		t.Errorf("of a revision that was let go %d letters are lost; want 1", b.lost)
	}
	if size := len(b.row.AppendBinary(nil)); size > 32 {
		t.Errorf("when all is mailed the row has %d bytes", size)
	}
}
