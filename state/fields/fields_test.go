package fields_test

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/fields"
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	numbers := []int64{0, 1, -1, 127, 128, -64, -65, fields.Max, -fields.Max}
	var b []byte
	for _, n := range numbers {
		b = binary.AppendVarint(b, n)
		b = binary.AppendUvarint(b, uint64(max(n, -n)))
	}
	texts := []string{"", "c-1", strings.Repeat("x", 255)}
	for _, text := range texts {
		b = fields.AppendText(b, text)
	}
	in := fields.Reader{Rest: append(b, 7, 8, 9), Max: fields.Max}
	for _, n := range numbers {
		if got, size := in.Varint(), in.Uvarint(); got != n || size != max(n, -n) {
			t.Errorf("%d is read as %d, %d", n, got, size)
		}
	}
	for _, text := range texts {
		if got := in.Text(); got != text {
			t.Errorf("%q is read as %q", text, got)
		}
	}
	var two [2]byte
	if in.Read(two[:]); two != [2]byte{7, 8} || in.Whole() || in.Byte() != 9 || !in.Whole() {
		t.Errorf("read %v, whole: %t", two, in.Whole())
	}
}

func TestWhatIsNoField(t *testing.T) {
	for name, c := range map[string]struct {
		bytes []byte
		read  func(*fields.Reader)
	}{
		"no byte":                  {nil, func(in *fields.Reader) { in.Byte() }},
		"no number":                {nil, func(in *fields.Reader) { in.Uvarint() }},
		"a cut number":             {[]byte{0x80}, func(in *fields.Reader) { in.Varint() }},
		"a number that goes on":    {[]byte{0x81, 0}, func(in *fields.Reader) { in.Uvarint() }},
		"a signed one that does":   {[]byte{0x81, 0}, func(in *fields.Reader) { in.Varint() }},
		"a number beyond Max":      {binary.AppendUvarint(nil, fields.Max+1), func(in *fields.Reader) { in.Uvarint() }},
		"a number beyond an int64": {binary.AppendUvarint(nil, math.MaxUint64), func(in *fields.Reader) { in.Uvarint() }},
		"a number below -Max":      {binary.AppendVarint(nil, -fields.Max-1), func(in *fields.Reader) { in.Varint() }},
		"a cut text":               {[]byte{2, 'x'}, func(in *fields.Reader) { in.Text() }},
		"fewer bytes":              {[]byte{1}, func(in *fields.Reader) { in.Read(make([]byte, 2)) }},
	} {
		in := fields.Reader{Rest: c.bytes, Max: fields.Max}
		if c.read(&in); !in.Bad || in.Whole() {
			t.Errorf("%s is read", name)
		}
		in.Rest = []byte{1, 1}
		if in.Byte() != 0 || in.Uvarint() != 0 || in.Varint() != 0 || in.Text() != "" {
			t.Errorf("behind %s something is read", name)
		}
	}
}
