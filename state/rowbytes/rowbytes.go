// Package rowbytes is how rows and internal records of the state rooms are put into bytes: numbers as varints, texts with
// their length before them, in a fixed order behind a layout byte. A Reader takes any bytes and never panics: it says at the end
// whether they were what was expected.
package rowbytes

import (
	"encoding/binary"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// AppendText appends a text: its length as a uvarint, and its bytes.
func AppendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// AppendUint appends a number that is not negative.
func AppendUint(b []byte, n int64) []byte { return binary.AppendUvarint(b, uint64(n)) }

// AppendInstant appends an instant, or any other signed number.
func AppendInstant(b []byte, at instant.Instant) []byte { return binary.AppendVarint(b, int64(at)) }

// AppendBool appends 0 or 1.
func AppendBool(b []byte, is bool) []byte {
	if is {
		return append(b, 1)
	}
	return append(b, 0)
}

// Reader takes fields off the front of bytes. What is not there is read as zero, and Done is then false for good.
type Reader struct {
	rest []byte
	bad  bool
}

// NewReader begins to read. The reader's texts share no memory with data.
func NewReader(data []byte) Reader { return Reader{rest: data} }

// Done says whether all that was read was there, and nothing is left.
func (r *Reader) Done() bool { return !r.bad && len(r.rest) == 0 }

// Bad says whether something was not there.
func (r *Reader) Bad() bool { return r.bad }

// Byte reads one byte.
func (r *Reader) Byte() byte {
	if r.bad = r.bad || len(r.rest) == 0; r.bad {
		return 0
	}
	first := r.rest[0]
	r.rest = r.rest[1:]
	return first
}

// Bool reads what AppendBool wrote.
func (r *Reader) Bool() bool {
	b := r.Byte()
	r.bad = r.bad || b > 1
	return b == 1
}

// Uint reads a number that is not negative, in its shortest form.
func (r *Reader) Uint() int64 {
	value, size := binary.Uvarint(r.rest)
	if r.bad = r.bad || size <= 0 || int64(value) < 0 || size > 1 && r.rest[size-1] == 0; r.bad {
		return 0
	}
	r.rest = r.rest[size:]
	return int64(value)
}

// Instant reads an instant, or any other signed number, in its shortest form.
func (r *Reader) Instant() instant.Instant {
	value, size := binary.Varint(r.rest)
	if r.bad = r.bad || size <= 0 || size > 1 && r.rest[size-1] == 0; r.bad {
		return 0
	}
	r.rest = r.rest[size:]
	return instant.Instant(value)
}

// Length reads a count of things that take at least one byte each, so that no count makes a reader reserve more than is there.
func (r *Reader) Length() int {
	n := r.Uint()
	if r.bad = r.bad || n > int64(len(r.rest)); r.bad {
		return 0
	}
	return int(n)
}

// Text reads a text into memory of its own.
func (r *Reader) Text() string {
	n := r.Length()
	text := string(r.rest[:n])
	r.rest = r.rest[n:]
	return text
}

// Fixed reads exactly so many bytes as into has.
func (r *Reader) Fixed(into []byte) {
	if r.bad = r.bad || len(r.rest) < len(into); !r.bad {
		r.rest = r.rest[copy(into, r.rest):]
	}
}

// TextOf reads a text as a part of whole, which is a copy of all the bytes that the reader began with: many texts then share
// one allocation.
func (r *Reader) TextOf(whole string) string {
	n := r.Length()
	begins := len(whole) - len(r.rest)
	r.rest = r.rest[n:]
	return whole[begins : begins+n]
}
