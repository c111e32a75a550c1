package oracle

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
)

// Decimals are whole numbers of 10^-scale.
const (
	scale      = 27 // of money: two numbers of 12 decimals each, by a thousand
	inputScale = 12
)

var minorUnits = map[string]int{
	"JPY": 0, "KRW": 0, "EUR": 2, "USD": 2, "GBP": 2, "CHF": 2, "BHD": 3, "KWD": 3, "TND": 3,
}

// Currencies are those whose minor unit the oracle knows, in order.
func Currencies() []string { return slices.Sorted(maps.Keys(minorUnits)) }

// MinorUnits returns how many decimals a currency has.
func MinorUnits(currency string) int { return minorUnits[currency] }

func powerOf10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// scaled reads a plain decimal as a whole number of 10^-places.
func scaled(text string, places int) (*big.Int, error) {
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	if whole == "" || len(fraction) > places || strings.Trim(whole+fraction, "0123456789") != "" {
		return nil, fmt.Errorf("reading %q: it is no plain decimal of at most %d places", text, places)
	}
	number, _ := new(big.Int).SetString(whole+fraction+strings.Repeat("0", places-len(fraction)), 10)
	if negative {
		number.Neg(number)
	}
	return number, nil
}

// same says whether two decimal texts are the same number.
func same(text string, number *big.Int, places int) bool {
	other, err := scaled(text, places)
	return err == nil && other.Cmp(number) == 0
}

// shown writes a whole number of 10^-places as a decimal.
func shown(number *big.Int, places int) string {
	digits := new(big.Int).Abs(number).String()
	if missing := places + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	text := strings.TrimRight(strings.TrimRight(digits[:len(digits)-places]+"."+digits[len(digits)-places:], "0"), ".")
	if number.Sign() < 0 {
		return "-" + text
	}
	return text
}

// rounded rounds money to the minor unit of a currency: to the nearer one, of two to the even one.
func rounded(cost *big.Int, currency string) *big.Int {
	unit := powerOf10(scale - minorUnits[currency])
	units, rest := new(big.Int).QuoRem(cost, unit, new(big.Int))
	if half := new(big.Int).Lsh(rest, 1).Cmp(unit); half > 0 || half == 0 && units.Bit(0) == 1 {
		units.Add(units, big.NewInt(1))
	}
	return units.Mul(units, unit)
}
