// Package fields takes the fields of a row off the front of its bytes.
package fields

import "encoding/binary"

// Max bounds numbers, so that no sum of two that are read overflows; as milliseconds it is 285,000 years.
const Max = 1 << 53

// Reader takes fields off the front of Rest. Bad stays true after the first that is not there, or is not what an encoder of this
// package or of encoding/binary writes; what is read after that is zero.
type Reader struct {
	Rest []byte
	// Max is the largest number that is read, -Max the least.
	Max int64
	Bad bool
}

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

// shortest says that a number of size bytes is there, and does not go on with nothing.
func (in *Reader) shortest(size int) bool { return size == 1 || size > 1 && in.Rest[size-1] != 0 }

// Text reads what AppendText wrote.
func (in *Reader) Text() string {
	size := int(in.Byte())
	if in.Bad = in.Bad || len(in.Rest) < size; in.Bad {
		return ""
	}
	text := string(in.Rest[:size])
	in.Rest = in.Rest[size:]
	return text
}

// Whole says that all was read, and nothing is left.
func (in *Reader) Whole() bool { return !in.Bad && len(in.Rest) == 0 }

// AppendText appends a text of at most 255 bytes behind its length, one byte.
func AppendText(b []byte, text string) []byte { return append(append(b, byte(len(text))), text...) }
