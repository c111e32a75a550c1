package money_test

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/money"
)

func TestParseAmount(t *testing.T) {
	thirty := strings.Repeat("9", 30)
	for _, c := range []struct {
		text, currency, want string
		err                  error
	}{
		{"500.00", "USD", "500.00", nil},
		{"500", "USD", "500.00", nil},
		{"0", "USD", "0.00", nil},
		{"0.0", "USD", "0.00", nil},
		{"00012.3", "USD", "12.30", nil},
		{"0.01", "USD", "0.01", nil},
		{"500", "JPY", "500", nil},
		{"500.00", "JPY", "500", nil},
		{"1.234", "KWD", "1.234", nil},
		{"1.2345", "CLF", "1.2345", nil},
		{"1.000000000000", "USD", "1.00", nil},
		{thirty + ".99", "USD", thirty + ".99", nil},
		{thirty + ".9999", "CLF", thirty + ".9999", nil},

		{"0.001", "USD", "", money.ErrTooFine},
		{"0.5", "JPY", "", money.ErrTooFine},
		{"1.2345", "KWD", "", money.ErrTooFine},
		{"1.23456", "CLF", "", money.ErrTooFine},
		{thirty + ".999999999999", "USD", "", money.ErrTooFine},

		{"", "USD", "", money.ErrNumber},
		{".", "USD", "", money.ErrNumber},
		{".5", "USD", "", money.ErrNumber},
		{"5.", "USD", "", money.ErrNumber},
		{"1.2.3", "USD", "", money.ErrNumber},
		{"+1", "USD", "", money.ErrNumber},
		{"-1", "USD", "", money.ErrNumber},
		{"-0", "USD", "", money.ErrNumber},
		{"1e2", "USD", "", money.ErrNumber},
		{"1E+999999999", "USD", "", money.ErrNumber},
		{"0x10", "USD", "", money.ErrNumber},
		{"1_000", "USD", "", money.ErrNumber},
		{"1,000", "USD", "", money.ErrNumber},
		{"1,5", "USD", "", money.ErrNumber},
		{" 1", "USD", "", money.ErrNumber},
		{"1\n", "USD", "", money.ErrNumber},
		{"1\x00", "USD", "", money.ErrNumber},
		{"١", "USD", "", money.ErrNumber},
		{"NaN", "USD", "", money.ErrNumber},
		{"Infinity", "USD", "", money.ErrNumber},
		{thirty + "0", "USD", "", money.ErrNumber},
		{strings.Repeat("0", 31), "USD", "", money.ErrNumber},
		{"1.0000000000000", "USD", "", money.ErrNumber},
		{strings.Repeat("9", 5<<20), "USD", "", money.ErrNumber},

		{"1", "", "", money.ErrCurrency},
		{"1", "usd", "", money.ErrCurrency},
		{"1", "US", "", money.ErrCurrency},
		{"1", "ABC", "", money.ErrCurrency},
		{"1", "USD ", "", money.ErrCurrency},
		{"1", "XXX", "", money.ErrCurrency}, // no currency
		{"1", "XTS", "", money.ErrCurrency}, // for testing
		{"1", "XAU", "", money.ErrCurrency}, // gold has no minor unit
	} {
		got, err := money.ParseAmount(c.text, c.currency)
		if !errors.Is(err, c.err) || err == nil && (got.String() != c.want || got.Currency() != c.currency) {
			t.Errorf("ParseAmount(%.50q, %q) = %s %s, %v; want %s, %v",
				c.text, c.currency, got, got.Currency(), err, c.want, c.err)
		}
	}
}

func TestParseRate(t *testing.T) {
	thirty := strings.Repeat("9", 30)
	for _, c := range []struct {
		text, want string
		err        error
	}{
		{"2.50", "2.5", nil},
		{"0", "0", nil},
		{"0.000", "0", nil},
		{"100", "100", nil},
		{"007", "7", nil},
		{"0.000000000001", "0.000000000001", nil},
		{thirty + ".999999999999", thirty + ".999999999999", nil},
		{"1" + strings.Repeat("0", 29), "1" + strings.Repeat("0", 29), nil},

		{"0.0000000000001", "", money.ErrNumber},
		{thirty + "9", "", money.ErrNumber},
		{"-2.50", "", money.ErrNumber},
		{"", "", money.ErrNumber},
		{"1E-2", "", money.ErrNumber},
	} {
		got, err := money.ParseRate(c.text)
		if !errors.Is(err, c.err) || err == nil && got.String() != c.want {
			t.Errorf("ParseRate(%q) = %s, %v; want %s, %v", c.text, got, err, c.want, c.err)
		}
	}
}

// TestMinorUnits checks the library's table against ISO 4217, list one: the exponents that are easily got wrong.
func TestMinorUnits(t *testing.T) {
	for decimals, codes := range map[int]string{
		0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
		2: "AED AFN ALL AUD BRL CAD CHF CNY COP CRC CZK DKK EUR GBP HKD HUF IDR INR IRR LAK LBP MGA MMK MRU MXN NOK NZD " +
			"PKR PLN RSD SEK SGD SYP THB TRY TWD TZS USD UZS YER ZAR",
		3: "BHD IQD JOD KWD LYD OMR TND",
		4: "CLF UYW",
	} {
		for code := range strings.FieldsSeq(codes) {
			finest := "0"
			if decimals > 0 {
				finest = "0." + strings.Repeat("0", decimals-1) + "1"
			}
			if got, err := money.ParseAmount(finest, code); err != nil || got.String() != finest {
				t.Errorf("%s: %s is %s, %v; want %d decimals", code, finest, got, err, decimals)
			}
			tooFine := "0." + strings.Repeat("0", decimals) + "1"
			if _, err := money.ParseAmount(tooFine, code); !errors.Is(err, money.ErrTooFine) {
				t.Errorf("%s: %s gives %v; want %d decimals", code, tooFine, err, decimals)
			}
		}
	}
}

// TestHostileNumbersAreCheap holds the refusal of what is not a plain decimal to next to no memory.
func TestHostileNumbersAreCheap(t *testing.T) {
	for _, text := range []string{
		"1E+999999999", "1e-999999999", strings.Repeat("9", 1<<20), "0." + strings.Repeat("0", 1<<20) + "1",
		strings.Repeat(".", 1<<20), "sNaN" + strings.Repeat("1", 1<<20),
	} {
		if allocs := testing.AllocsPerRun(10, func() {
			if _, err := money.ParseAmount(text, "USD"); err == nil {
				t.Errorf("%.20q was taken", text)
			}
		}); allocs > 0 {
			t.Errorf("%.20q: %v allocations; want none", text, allocs)
		}
	}
}

func FuzzParseAmount(f *testing.F) {
	for _, text := range []string{"500.00", "0", "1E+999999999", "-1", "0.001", "999999999999999999999999999999.99"} {
		f.Add(text, "USD")
		f.Add(text, "JPY")
	}
	f.Fuzz(func(t *testing.T, text, currency string) {
		amount, err := money.ParseAmount(text, currency)
		if rate, rateErr := money.ParseRate(text); rateErr == nil {
			sameNumber(t, text, rate.String())
		} else if err == nil {
			t.Errorf("%q is an amount but no rate: %v", text, rateErr)
		}
		if err != nil {
			return
		}
		sameNumber(t, text, amount.String())
		again, err := money.ParseAmount(amount.String(), currency)
		if err != nil || again.String() != amount.String() {
			t.Errorf("%q: the canonical %q gives %q, %v", text, amount, again, err)
		}
	})
}

func sameNumber(t *testing.T, a, b string) {
	t.Helper()
	x, okX := new(big.Rat).SetString(a)
	y, okY := new(big.Rat).SetString(b)
	if !okX || !okY || x.Cmp(y) != 0 || x.Sign() < 0 {
		t.Errorf("%q and %q are not the same number, at least 0", a, b)
	}
}
