package fields_test

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/fields"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	numbers := []int64{0, 1, -1, 127, 128, -64, -65, fields.Max, -fields.Max}
	var b []byte
	for _, n := range numbers {
		b = fields.AppendInstant(b, instant.Instant(n))
		b = fields.AppendUvarint(b, max(n, -n))
	}
	texts := []string{"", "c-1", strings.Repeat("x", 128), strings.Repeat("x", 255)}
	for _, text := range texts {
		b = fields.AppendText(fields.AppendText(fields.AppendShort(b, text), text), text)
	}
	b = append(fields.AppendBool(fields.AppendBool(b, true), false), 7, 8, 9)
	whole := string(b)
	in := fields.Reader{Rest: b, Max: fields.Max}
	for _, n := range numbers {
		if got, size := in.Instant(), in.Uvarint(); int64(got) != n || size != max(n, -n) {
			t.Errorf("%d is read as %d, %d", n, got, size)
		}
	}
	for _, text := range texts {
		if short, long, shared := in.Short(), in.Text(), in.TextOf(whole); short != text || long != text || shared != text {
			t.Errorf("%q is read as %q, %q, %q", text, short, long, shared)
		}
	}
	if yes, no := in.Bool(), in.Bool(); !yes || no {
		t.Errorf("true, false is read as %t, %t", yes, no)
	}
	var two [2]byte
	if in.Read(two[:]); two != [2]byte{7, 8} || in.Whole() || in.Byte() != 9 || !in.Whole() {
		t.Errorf("read %v, whole: %t", two, in.Whole())
	}
}

func TestNumbersOfAnySize(t *testing.T) {
	b := fields.AppendInstant(fields.AppendUvarint(nil, math.MaxInt64), math.MaxInt64)
	in := fields.NewReader(b)
	if n, at := in.Uvarint(), in.Instant(); n != math.MaxInt64 || at != math.MaxInt64 || !in.Whole() {
		t.Errorf("the largest number is read as %d, %d", n, at)
	}
}

func TestWhatIsNoField(t *testing.T) {
	for name, c := range map[string]struct {
		bytes []byte
		read  func(*fields.Reader)
	}{
		"no byte":                  {nil, func(in *fields.Reader) { in.Byte() }},
		"no bool":                  {[]byte{2}, func(in *fields.Reader) { in.Bool() }},
		"no number":                {nil, func(in *fields.Reader) { in.Uvarint() }},
		"a cut number":             {[]byte{0x80}, func(in *fields.Reader) { in.Varint() }},
		"a number that goes on":    {[]byte{0x81, 0}, func(in *fields.Reader) { in.Uvarint() }},
		"a signed one that does":   {[]byte{0x81, 0}, func(in *fields.Reader) { in.Varint() }},
		"a number beyond Max":      {binary.AppendUvarint(nil, fields.Max+1), func(in *fields.Reader) { in.Uvarint() }},
		"a number beyond an int64": {binary.AppendUvarint(nil, math.MaxUint64), func(in *fields.Reader) { in.Uvarint() }},
		"a number below -Max":      {binary.AppendVarint(nil, -fields.Max-1), func(in *fields.Reader) { in.Varint() }},
		"a count of what is not":   {[]byte{2, 'x'}, func(in *fields.Reader) { in.Length() }},
		"a cut text":               {[]byte{2, 'x'}, func(in *fields.Reader) { in.Text() }},
		"a cut part of a text":     {[]byte{2, 'x'}, func(in *fields.Reader) { in.TextOf("\x02x") }},
		"a cut short text":         {[]byte{2, 'x'}, func(in *fields.Reader) { in.Short() }},
		"fewer bytes":              {[]byte{1}, func(in *fields.Reader) { in.Read(make([]byte, 2)) }},
	} {
		in := fields.Reader{Rest: c.bytes, Max: fields.Max}
		if c.read(&in); !in.Bad || in.Whole() {
			t.Errorf("%s is read", name)
		}
		in.Rest = []byte{1, 1}
		if in.Byte() != 0 || in.Bool() || in.Uvarint() != 0 || in.Varint() != 0 || in.Text() != "" || in.Short() != "" {
			t.Errorf("behind %s something is read", name)
		}
	}
}
