package money

import (
	"encoding/binary"
	"errors"

	"github.com/bojanz/currency"
)

// ErrBinary says that bytes are not what AppendBinary wrote.
var ErrBinary = errors.New("decoding a number: not the encoding of one")

// The bounds of what is decoded: a sum within wideDigits.
const (
	exponentMax    = wideDigits
	coefficientMax = 48 // bytes; 2^384 has 115 digits
)

// AppendBinary appends the number's encoding to b: the exponent (varint), the length of the coefficient (one byte), the
// coefficient (big endian), which does not end in a zero: a sum is written alike, whatever was added and taken away on the way.
func (e Exact) AppendBinary(b []byte) []byte {
	e = e.reduced()
	b = binary.AppendVarint(b, int64(e.number.Exponent))
	size := (e.number.Coeff.BitLen() + 7) / 8
	b = append(b, byte(size))
	if e.number.Coeff.IsUint64() {
		var whole [8]byte
		binary.BigEndian.PutUint64(whole[:], e.number.Coeff.Uint64())
		return append(b, whole[8-size:]...)
	}
	return append(b, e.number.Coeff.Bytes()...)
}

// CutExact reads an Exact off the front of b and returns what is behind it; zeros that a coefficient ends in, which were written
// once, are taken. Its error is ErrBinary.
func CutExact(b []byte) (e Exact, rest []byte, err error) {
	exponent, size := binary.Varint(b)
	if size <= 0 || size > 1 && b[size-1] == 0 || exponent < -exponentMax || exponent > exponentMax || len(b) == size {
		return Exact{}, nil, ErrBinary
	}
	length := int(b[size])
	b = b[size+1:]
	if length > coefficientMax || length > len(b) || length > 0 && b[0] == 0 {
		return Exact{}, nil, ErrBinary
	}
	if length <= 8 {
		var whole uint64
		for _, digit := range b[:length] {
			whole = whole<<8 | uint64(digit)
		}
		e.number.Coeff.SetUint64(whole)
	} else {
		e.number.Coeff.SetBytes(b[:length])
	}
	e.number.Exponent = int32(exponent)
	if e = e.reduced(); e.number.Exponent > exponentMax { // more than any sum, and it could be written, but not read again
		return Exact{}, nil, ErrBinary
	}
	return e, b[length:], nil
}

// Of returns a number as an amount of a currency. Its errors are ErrCurrency and ErrTooFine.
func (e Exact) Of(currencyCode string) (Amount, error) {
	digits, known := currency.GetDigits(currencyCode)
	if !known {
		return Amount{}, ErrCurrency
	}
	amount := Amount{currency: currencyCode}
	if _, err := exactly.Quantize(&amount.number, &e.number, -int32(digits)); err != nil {
		return Amount{}, ErrTooFine
	}
	return amount, nil
}
