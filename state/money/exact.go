package money

import (
	"errors"

	"github.com/cockroachdb/apd/v3"
)

// Exact is a decimal of at least 0 that is never rounded: impressions, a cost, a sum of costs. The zero Exact is 0.
//
// What is read has at most IntegerDigitsMax and FractionDigitsMax digits, so that a product has twice as many and a sum of
// 2^63 of them fits into what the arithmetic holds. Beyond that it panics: it would be a sum of something else.
type Exact struct{ number apd.Decimal }

// perMille is what a CPM counts: the price of 1,000 impressions.
const perMille = -3

// ParseExact reads a plain decimal. Its error is ErrNumber.
func ParseExact(text string) (Exact, error) {
	number, err := parse(text)
	if err != nil {
		return Exact{}, err
	}
	var exact Exact
	exact.number.Reduce(number)
	return exact, nil
}

// Cost is what impressions cost at a price of 1,000 of them, unrounded.
func Cost(impressions Exact, cpm Rate) Exact {
	var cost Exact
	hold(exactly.Mul(&cost.number, &impressions.number, &cpm.number))
	cost.number.Exponent += perMille
	return cost
}

// Plus returns the sum.
func (e Exact) Plus(other Exact) Exact {
	if other.IsZero() {
		return e
	}
	var sum Exact
	hold(exactly.Add(&sum.number, &e.number, &other.number))
	return sum
}

// Minus returns the difference, which must not be below 0: only what was added before is taken away.
func (e Exact) Minus(other Exact) Exact {
	var difference Exact
	hold(exactly.Sub(&difference.number, &e.number, &other.number))
	if difference.number.Sign() < 0 {
		panic("money: more is taken away than was there")
	}
	return difference
}

// Compare is -1, 0 or 1 as e is less than, equal to or greater than other.
func (e Exact) Compare(other Exact) int { return e.number.Cmp(&other.number) }

// IsZero says whether it is 0.
func (e Exact) IsZero() bool { return e.number.IsZero() }

// String returns the canonical number: no needless zero in front or behind.
func (e Exact) String() string {
	e = e.reduced()
	return e.number.Text('f')
}

// reduced returns the same number with a coefficient that does not end in a zero.
func (e Exact) reduced() (reduced Exact) {
	switch {
	case e.IsZero():
		return Exact{}
	case e.number.Coeff.IsUint64() && e.number.Coeff.Uint64()%10 != 0: // mostly
		return e
	}
	reduced.number.Reduce(&e.number)
	return reduced
}

// Exact returns the amount as a number, for comparison with costs.
func (a Amount) Exact() Exact {
	var exact Exact
	exact.number.Reduce(&a.number)
	return exact
}

// Round returns the cost as an amount of the currency of budget: rounded half even (IEEE 754-2019, roundTiesToEven) to its
// minor unit, at most budget.
func (e Exact) Round(budget Amount) Amount {
	if e.Compare(budget.Exact()) >= 0 {
		return budget
	}
	rounded := Amount{currency: budget.currency}
	hold(rounding.Quantize(&rounded.number, &e.number, budget.number.Exponent))
	return rounded
}

// Minus returns what is left of an amount; other is of the same currency and not more.
func (a Amount) Minus(other Amount) Amount {
	left := Amount{currency: a.currency}
	hold(exactly.Sub(&left.number, &a.number, &other.number))
	if other.currency != a.currency || left.number.Sign() < 0 {
		panic("money: more is taken from an amount than it is")
	}
	return left
}

// Compare is -1, 0 or 1 as a is less than, equal to or greater than other, which is of the same currency.
func (a Amount) Compare(other Amount) int { return a.number.Cmp(&other.number) }

// wideDigits holds a sum of 2^63 products of two numbers within the limits.
const wideDigits = 2*(IntegerDigitsMax+FractionDigitsMax) + 20

// exactly is the context of sums and products, rounding that of the one rounding. Neither is ever changed.
var (
	exactly  = wide(apd.DefaultTraps | apd.Inexact | apd.Subnormal)
	rounding = wide(apd.DefaultTraps | apd.Subnormal)
)

func wide(traps apd.Condition) *apd.Context {
	return &apd.Context{
		Precision: wideDigits, MaxExponent: wideDigits, MinExponent: -wideDigits, Traps: traps, Rounding: apd.RoundHalfEven,
	}
}

// hold panics when arithmetic did not come out exactly, which the limits on what is read exclude.
func hold(_ apd.Condition, err error) {
	if err != nil {
		panic(errors.Join(errors.New("money: arithmetic left its bounds"), err))
	}
}

// Exact returns the price as a number.
func (r Rate) Exact() Exact { return Exact(r) }

// Rate returns the number as a price of 1,000.
func (e Exact) Rate() Rate { return Rate(e) }
