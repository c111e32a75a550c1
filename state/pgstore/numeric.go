package pgstore

import (
	"bytes"
	"encoding/binary"

	"github.com/cockroachdb/apd/v3"
)

// The server's numeric is a row of digits to the base 10,000: digit i counts 10,000^(weight-i). Zeros at both ends are left
// out; scale is how many decimal digits are shown behind the point.
const (
	numericGroup    = 4 // decimal digits
	numericNegative = 0x4000
)

// numeric writes a decimal that is finite, with all of its digits and its scale.
func (w *rowWriter) numeric(d *apd.Decimal) {
	w.digits = d.Append(w.digits[:0], 'f')
	whole, fraction, _ := bytes.Cut(bytes.TrimPrefix(w.digits, []byte("-")), []byte("."))
	at := len(w.bytes)
	w.field(0) // its length, number of digits and weight are known at the end
	w.bytes = append(w.bytes, make([]byte, 8)...)
	first := len(w.bytes)
	weight := (len(whole)+numericGroup-1)/numericGroup - 1
	weight -= w.groups(whole, (numericGroup-len(whole)%numericGroup)%numericGroup, first)
	weight -= w.groups(fraction, 0, first)
	for len(w.bytes) > first && w.bytes[len(w.bytes)-2]|w.bytes[len(w.bytes)-1] == 0 {
		w.bytes = w.bytes[:len(w.bytes)-2]
	}
	sign := uint16(0)
	if len(w.bytes) == first {
		weight = 0
	} else if d.Negative {
		sign = numericNegative
	}
	binary.BigEndian.PutUint32(w.bytes[at:], uint32(len(w.bytes)-at-4))
	binary.BigEndian.PutUint16(w.bytes[at+4:], uint16((len(w.bytes)-first)/2))
	binary.BigEndian.PutUint16(w.bytes[at+6:], uint16(int16(weight)))
	binary.BigEndian.PutUint16(w.bytes[at+8:], sign)
	binary.BigEndian.PutUint16(w.bytes[at+10:], uint16(len(fraction)))
}

// groups writes decimal digits, the first group as if so many zeros stood before it, the last as if zeros stood behind.
// It returns how many groups it left out: zeros at the beginning of all, which is at first.
func (w *rowWriter) groups(decimals []byte, before, first int) (leftOut int) {
	group := uint16(0)
	for place, count := before, 0; count < len(decimals); {
		group = group*10 + uint16(decimals[count]-'0')
		place, count = place+1, count+1
		if count == len(decimals) {
			for ; place%numericGroup != 0; place++ {
				group *= 10
			}
		}
		if place%numericGroup != 0 {
			continue
		}
		if group == 0 && len(w.bytes) == first {
			leftOut++
		} else {
			w.bytes = binary.BigEndian.AppendUint16(w.bytes, group)
		}
		group = 0
	}
	return leftOut
}
