package money_test

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/state/money"
)

// TestRoundings is the golden table of roundings: the cost, half even, to the minor unit.
func TestRoundings(t *testing.T) {
	thirty := strings.Repeat("9", 30)
	for _, c := range []struct{ cost, currency, want string }{
		{"0", "USD", "0.00"},
		{"0.0001", "USD", "0.00"},
		{"0.0049999999", "USD", "0.00"},
		{"0.005", "USD", "0.00"}, // to the even one
		{"0.0050000001", "USD", "0.01"},
		{"0.015", "USD", "0.02"},
		{"0.025", "USD", "0.02"},
		{"0.035", "USD", "0.04"},
		{"12.3449999", "USD", "12.34"},
		{"12.345", "USD", "12.34"},
		{"12.3450001", "USD", "12.35"},
		{"12.355", "USD", "12.36"},
		{"99.995", "USD", "100.00"},
		{"99.9949", "USD", "99.99"},
		{"0.5", "JPY", "0"},
		{"1.5", "JPY", "2"},
		{"2.5", "JPY", "2"},
		{"2.50001", "JPY", "3"},
		{"0.0001", "JPY", "0"},
		{"0.0005", "KWD", "0.000"},
		{"0.0015", "KWD", "0.002"},
		{"0.0001", "KWD", "0.000"},
		{"1.2345", "KWD", "1.234"},
		{"1.23450001", "KWD", "1.235"},
		{"1.23455", "CLF", "1.2346"},
		{"1.23445", "CLF", "1.2344"},
		{thirty[:29] + "8.005", "USD", thirty[:29] + "8.00"},
		{thirty[:29] + "8.0051", "USD", thirty[:29] + "8.01"},
		{thirty[:29] + "8.5", "JPY", thirty[:29] + "8"},
		{thirty + ".999", "USD", thirty + ".99"}, // the budget
	} {
		budget, err := money.ParseAmount(thirty+map[string]string{"USD": ".99", "KWD": ".999", "CLF": ".9999"}[c.currency], c.currency)
		if err != nil {
			t.Fatal(err)
		}
		cost, err := money.ParseExact(c.cost)
		if err != nil {
			t.Fatal(err)
		}
		if got := cost.Round(budget); got.String() != c.want || got.Currency() != c.currency {
			t.Errorf("%s %s rounds to %s; want %s", c.currency, c.cost, got, c.want)
		}
		if left := budget.Minus(cost.Round(budget)); sum(t, left.String(), c.want).Cmp(rat(t, budget.String())) != 0 {
			t.Errorf("%s %s: %s and %s are not %s", c.currency, c.cost, c.want, left, budget)
		}
	}
}

func TestSpentNeverExceedsTheBudget(t *testing.T) {
	for _, c := range []struct{ cost, budget, want string }{
		{"10.004", "10.00", "10.00"},
		{"10.01", "10.00", "10.00"},
		{"9.996", "10.00", "10.00"},
		{"0.004", "0.00", "0.00"},
		{"1", "0.00", "0.00"},
	} {
		budget, _ := money.ParseAmount(c.budget, "USD")
		cost, _ := money.ParseExact(c.cost)
		if got := cost.Round(budget); got.String() != c.want {
			t.Errorf("%s of %s is %s; want %s", c.cost, c.budget, got, c.want)
		}
	}
}

// plain draws a plain decimal within the limits.
func plain() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		whole := rapid.StringMatching(`(0|[1-9][0-9]{0,29})`).Draw(t, "integer digits")
		fraction := rapid.StringMatching(`(\.[0-9]{1,12})?`).Draw(t, "decimals")
		return whole + fraction
	})
}

// TestArithmeticIsThatOfRationals compares with math/big, which shares no code with it.
func TestArithmeticIsThatOfRationals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		impressions, cpm, other := plain().Draw(t, "impressions"), plain().Draw(t, "cpm"), plain().Draw(t, "other")
		a, _ := money.ParseExact(impressions)
		price, _ := money.ParseRate(cpm)
		b, _ := money.ParseExact(other)
		cost := money.Cost(a, price)
		want := new(big.Rat).Mul(rat(t, impressions), rat(t, cpm))
		want.Quo(want, big.NewRat(1000, 1))
		same(t, "cost", cost.String(), want)
		total := cost.Plus(b)
		same(t, "sum", total.String(), new(big.Rat).Add(want, rat(t, other)))
		same(t, "difference", total.Minus(b).String(), want)
		if total.Minus(b).String() != cost.String() {
			t.Fatalf("%s + %s - %s has another text than %s", cost, b, b, cost)
		}
		if got, want := cost.Compare(b), want.Cmp(rat(t, other)); got != want {
			t.Fatalf("%s compared with %s is %d; want %d", cost, b, got, want)
		}
	})
}

func TestExactInBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, _ := money.ParseExact(plain().Draw(t, "a"))
		price, _ := money.ParseRate(plain().Draw(t, "price"))
		for _, number := range []money.Exact{a, money.Cost(a, price), money.Cost(a, price).Plus(a)} {
			encoded := number.AppendBinary([]byte{7})
			read, rest, err := money.CutExact(append(encoded[1:], "rest"...))
			if err != nil || read.String() != number.String() || string(rest) != "rest" {
				t.Fatalf("%s comes back as %s, %q, %v", number, read, rest, err)
			}
			cost := money.Cost(a, price) // has more digits
			if again := number.Plus(cost).Minus(cost).AppendBinary([]byte{7}); string(again) != string(encoded) {
				t.Fatalf("%s is written as %x, and as %x once %s was added and taken away", number, encoded, again, cost)
			}
		}
	})
}

func FuzzCutExact(f *testing.F) {
	f.Add([]byte{0, 0})
	f.Add([]byte{3, 1, 5})
	f.Add([]byte{3, 1, 50}) // as it was written once
	f.Add([]byte{3, 0})
	f.Add([]byte{0x97, 0, 1, 5}) // an exponent that goes on with nothing
	f.Add(append(binary.AppendVarint(nil, 104), 1, 1))
	f.Add(append(binary.AppendVarint(nil, 104), 1, 10)) // beyond what is written, without its zero
	f.Fuzz(func(t *testing.T, b []byte) {
		number, rest, err := money.CutExact(b)
		if err != nil {
			return
		}
		written := number.AppendBinary(nil)
		read, behind, err := money.CutExact(written)
		if err != nil || len(behind) > 0 || read.Compare(number) != 0 || string(read.AppendBinary(nil)) != string(written) {
			t.Errorf("%x is read as %s and written as %x", b, number, written)
		}
		_, size := binary.Varint(b)
		coefficient := new(big.Int).SetBytes(b[size+1 : len(b)-len(rest)])
		endsInZero := coefficient.Mod(coefficient, big.NewInt(10)).Sign() == 0
		if again := string(written) + string(rest); again != string(b) && !endsInZero {
			t.Errorf("%x is read and written as %x", b, again)
		}
	})
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func rat(t fataler, text string) *big.Rat {
	t.Helper()
	number, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("%q is no number", text)
	}
	return number
}

func sum(t fataler, a, b string) *big.Rat { return new(big.Rat).Add(rat(t, a), rat(t, b)) }

func same(t fataler, what, got string, want *big.Rat) {
	t.Helper()
	if rat(t, got).Cmp(want) != 0 {
		t.Fatalf("%s is %s; want %s", what, got, want.RatString())
	}
}

// BenchmarkCost is what one play costs of arithmetic.
func BenchmarkCost(b *testing.B) {
	impressions, _ := money.ParseExact("12.5")
	cpm, _ := money.ParseRate("2.50")
	total, _ := money.ParseExact("123456.78901")
	for b.Loop() {
		total = total.Plus(money.Cost(impressions, cpm))
	}
	_ = fmt.Sprint(total)
}
