// Package money is exact decimal money. A binary float never touches an amount, and an operation that would round
// fails instead, unless rounding is what it is for.
package money

import (
	"errors"

	"github.com/bojanz/currency"
	"github.com/cockroachdb/apd/v3"
)

// The limits on a written number. They hold before it is read, so that no text is expensive.
const (
	IntegerDigitsMax  = 30
	FractionDigitsMax = 12
)

// The rules that a text may break. The texts name the rule, never the payload.
var (
	ErrCurrency = errors.New("must be the ISO 4217 code of a currency with a minor unit")
	ErrNumber   = errors.New("must be a plain decimal text, not negative, of at most 30 integer digits and 12 decimals")
	ErrTooFine  = errors.New("must not be finer than the currency's minor unit")
)

// Amount is an amount of a currency, at least 0 and a whole number of minor units. The zero Amount has no currency.
type Amount struct {
	number   apd.Decimal
	currency string
}

// ParseAmount reads a plain decimal in a currency of ISO 4217 (upper case). Zeros behind the minor unit are taken, as
// in JPY 500.00: they make the amount no finer. Its errors are ErrCurrency, ErrNumber and ErrTooFine.
func ParseAmount(text, currencyCode string) (Amount, error) {
	digits, known := currency.GetDigits(currencyCode)
	if !known {
		return Amount{}, ErrCurrency
	}
	number, err := parse(text)
	if err != nil {
		return Amount{}, err
	}
	amount := Amount{currency: currencyCode}
	if _, err := exact().Quantize(&amount.number, number, -int32(digits)); err != nil {
		return Amount{}, ErrTooFine
	}
	return amount, nil
}

// Currency returns the ISO 4217 code.
func (a Amount) Currency() string { return a.currency }

// String returns the canonical number: all decimals of the minor unit, no needless zero in front, no currency.
func (a Amount) String() string { return a.number.Text('f') }

// Rate is a price per unit, at least 0, in a currency known from elsewhere; it may be finer than the minor unit.
type Rate struct{ number apd.Decimal }

// ParseRate reads a plain decimal. Its error is ErrNumber.
func ParseRate(text string) (Rate, error) {
	number, err := parse(text)
	if err != nil {
		return Rate{}, err
	}
	var rate Rate
	rate.number.Reduce(number)
	return rate, nil
}

// String returns the canonical number: no needless zero in front or behind.
func (r Rate) String() string { return r.number.Text('f') }

// exact returns the context of all arithmetic here: it holds every number within the limits, and what does not come out
// exactly is an error.
func exact() *apd.Context {
	return &apd.Context{
		Precision:   IntegerDigitsMax + FractionDigitsMax,
		MaxExponent: IntegerDigitsMax + FractionDigitsMax,
		MinExponent: -IntegerDigitsMax - FractionDigitsMax,
		Traps:       apd.DefaultTraps | apd.Inexact | apd.Subnormal,
		Rounding:    apd.RoundHalfEven,
	}
}

// parse reads digits, or digits, a point and digits. Everything else that a decimal library would take (signs,
// exponents, NaN, Infinity) is refused before it sees the text.
func parse(text string) (*apd.Decimal, error) {
	if len(text) > IntegerDigitsMax+1+FractionDigitsMax {
		return nil, ErrNumber
	}
	point := len(text)
	for i := range len(text) {
		switch {
		case '0' <= text[i] && text[i] <= '9':
		case text[i] == '.' && point == len(text):
			point = i
		default:
			return nil, ErrNumber
		}
	}
	fraction := len(text) - point - 1 // -1: no point
	if point == 0 || point > IntegerDigitsMax || fraction == 0 || fraction > FractionDigitsMax {
		return nil, ErrNumber
	}
	number, _, err := exact().NewFromString(text)
	if err != nil {
		return nil, ErrNumber
	}
	return number, nil
}
