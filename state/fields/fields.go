// Package fields is how rows and internal records are put into bytes and read: numbers as varints, texts behind their length,
// in a fixed order behind a layout byte. A Reader takes any bytes and never panics: it says at the end whether they were what
// was expected. Each field has one encoding, so that what is equal has equal bytes.
package fields

import (
	"encoding/binary"
	"math"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// Max bounds numbers, so that no sum of two that are read overflows; as milliseconds it is 285,000 years.
const Max = 1 << 53

// Reader takes fields off the front of Rest. Bad stays true after the first that is not there, or is not what this package
// writes; what is read after that is zero.
type Reader struct {
	Rest []byte
	// Max is the largest number that is read, -Max the least.
	Max int64
	Bad bool
}

// NewReader begins to read numbers of any size.
func NewReader(data []byte) Reader { return Reader{Rest: data, Max: math.MaxInt64} }

// Whole says that all was read, and nothing is left.
func (in *Reader) Whole() bool { return !in.Bad && len(in.Rest) == 0 }

// Read fills into.
func (in *Reader) Read(into []byte) {
	if in.Bad = in.Bad || len(in.Rest) < len(into); !in.Bad {
		in.Rest = in.Rest[copy(into, in.Rest):]
	}
}

// Byte reads one byte.
func (in *Reader) Byte() byte {
	if in.Bad = in.Bad || len(in.Rest) == 0; in.Bad {
		return 0
	}
	first := in.Rest[0]
	in.Rest = in.Rest[1:]
	return first
}

// Bool reads what AppendBool wrote.
func (in *Reader) Bool() bool {
	b := in.Byte()
	in.Bad = in.Bad || b > 1
	return b == 1
}

// Uvarint reads a number of at least 0, in its shortest form.
func (in *Reader) Uvarint() int64 {
	value, size := binary.Uvarint(in.Rest)
	if in.Bad = in.Bad || value > uint64(in.Max) || !in.shortest(size); in.Bad {
		return 0
	}
	in.Rest = in.Rest[size:]
	return int64(value)
}

// Varint reads a number, in its shortest form.
func (in *Reader) Varint() int64 {
	value, size := binary.Varint(in.Rest)
	if in.Bad = in.Bad || value > in.Max || value < -in.Max || !in.shortest(size); in.Bad {
		return 0
	}
	in.Rest = in.Rest[size:]
	return value
}

// Instant reads what AppendInstant wrote.
func (in *Reader) Instant() instant.Instant { return instant.Instant(in.Varint()) }

// shortest says that a number of size bytes is there, and does not go on with nothing.
func (in *Reader) shortest(size int) bool { return size == 1 || size > 1 && in.Rest[size-1] != 0 }

// Length reads a count of things that take at least one byte each, so that no count makes a reader reserve more than is there.
func (in *Reader) Length() int {
	n := in.Uvarint()
	if in.Bad = in.Bad || n > int64(len(in.Rest)); in.Bad {
		return 0
	}
	return int(n)
}

// Text reads what AppendText wrote, into memory of its own.
func (in *Reader) Text() string { return in.take(in.Length()) }

// TextOf reads what AppendText wrote as a part of whole, which is a copy of all the bytes that the reader began with: many
// texts then share one allocation.
func (in *Reader) TextOf(whole string) string {
	n := in.Length()
	begins := len(whole) - len(in.Rest)
	in.Rest = in.Rest[n:]
	return whole[begins : begins+n]
}

// Short reads what AppendShort wrote, into memory of its own.
func (in *Reader) Short() string {
	n := int(in.Byte())
	if in.Bad = in.Bad || n > len(in.Rest); in.Bad {
		return ""
	}
	return in.take(n)
}

func (in *Reader) take(n int) string {
	text := string(in.Rest[:n])
	in.Rest = in.Rest[n:]
	return text
}

// AppendText appends a text: its length as a uvarint, and its bytes.
func AppendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// AppendShort appends a text of at most 255 bytes behind its length, one byte.
func AppendShort(b []byte, text string) []byte { return append(append(b, byte(len(text))), text...) }

// AppendUvarint appends a number that is not negative.
func AppendUvarint(b []byte, n int64) []byte { return binary.AppendUvarint(b, uint64(n)) }

// AppendInstant appends an instant, or any other signed number.
func AppendInstant(b []byte, at instant.Instant) []byte { return binary.AppendVarint(b, int64(at)) }

// AppendBool appends 0 or 1.
func AppendBool(b []byte, is bool) []byte {
	if is {
		return append(b, 1)
	}
	return append(b, 0)
}
