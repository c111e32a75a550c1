package pgstore

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/apd/v3"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// amountDigits holds what the contract's limits and any sum of them can need; more is an error, not a rounding.
const amountDigits = 100

func exact() *apd.Context {
	return &apd.Context{
		Precision: amountDigits, MaxExponent: amountDigits, MinExponent: -amountDigits,
		Traps: apd.DefaultTraps | apd.Inexact | apd.Subnormal, Rounding: apd.RoundHalfEven,
	}
}

// text returns the decimal for the database, all of its digits and its scale.
func text(d *apd.Decimal) string { return d.Text('f') }

func nullText(d *apd.NullDecimal) *string {
	if !d.Valid {
		return nil
	}
	s := text(&d.Decimal)
	return &s
}

// decimalInto reads a numeric that was selected as text; instantInto and nullInstantInto read a time.
type (
	decimalInto     struct{ to *apd.Decimal }
	instantInto     struct{ to *instant.Instant }
	nullInstantInto struct{ to **instant.Instant }
)

func (d decimalInto) ScanText(v pgtype.Text) error {
	if !v.Valid {
		return errors.New("reading a decimal: there is none")
	}
	if _, _, err := exact().SetString(d.to, v.String); err != nil {
		return fmt.Errorf("reading the decimal %q: %w", v.String, err)
	}
	return nil
}

func (i instantInto) ScanTimestamptz(v pgtype.Timestamptz) error {
	*i.to = instant.Of(v.Time)
	return nil
}

func (i nullInstantInto) ScanTimestamptz(v pgtype.Timestamptz) error {
	if *i.to = nil; v.Valid {
		at := instant.Of(v.Time)
		*i.to = &at
	}
	return nil
}

func sum(a, b *apd.Decimal) (out apd.Decimal, err error) {
	_, err = exact().Add(&out, a, b)
	return out, err
}

func difference(a, b *apd.Decimal) (out apd.Decimal, err error) {
	_, err = exact().Sub(&out, a, b)
	return out, err
}

func negated(a *apd.Decimal) (out apd.Decimal) {
	out.Neg(a)
	return out
}
