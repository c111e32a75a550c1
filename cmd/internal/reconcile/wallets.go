package reconcile

import (
	"context"
	"maps"
	"slices"

	"github.com/cockroachdb/apd/v3"
)

var zero apd.Decimal

// exactly adds without rounding: what needs more digits than there can be is an error.
var exactly = apd.Context{
	Precision: 200, MaxExponent: 200, MinExponent: -200, Traps: apd.DefaultTraps | apd.Inexact, Rounding: apd.RoundHalfEven,
}

// wallet is what the releases to an advertiser come to in a currency.
type wallet struct {
	balance apd.Decimal
	// pending is what is not projected yet, or waits for its settle to be. Where positions were set back, the ledger has it.
	pending apd.Decimal
	seen    bool
}

// wallets adds up the releases that should be booked, by account.
func (f *Fold) wallets() (map[string]*wallet, error) {
	all := make(map[string]*wallet)
	for _, c := range f.campaigns {
		r := c.release
		if r == nil {
			continue
		}
		account := "wallet/" + r.advertiser + "/" + r.currency
		w := all[account]
		if w == nil {
			w = &wallet{}
			all[account] = w
		}
		sum := &w.pending
		if c.booked() {
			sum = &w.balance
		}
		if _, err := exactly.Add(sum, sum, &r.released); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// holds says whether a balance is what the releases come to, or more by what is pending at most.
func (w *wallet) holds(balance *apd.Decimal) (bool, error) {
	var most apd.Decimal
	_, err := exactly.Add(&most, &w.balance, &w.pending)
	return balance.Cmp(&w.balance) >= 0 && balance.Cmp(&most) <= 0, err
}

func (f *Fold) compareWallets(ctx context.Context, ledger Ledger) error {
	wanted, err := f.wallets()
	if err != nil {
		return err
	}
	f.result.Topics.Wallets = int64(len(wanted))
	for b, err := range ledger.Wallets(ctx) {
		if err != nil {
			return err
		}
		if !f.wanted(b.AdvertiserID) {
			continue
		}
		f.result.Ledger.Wallets++
		w := wanted[b.Account]
		if w == nil {
			f.breaks.add(Extra, "wallet", b.Account, "no release goes there, and it has %s", text(&b.Amount))
			continue
		}
		w.seen = true
		right, err := w.holds(&b.Amount)
		if err != nil {
			return err
		}
		if !right {
			f.breaks.add(Amount, "wallet", b.Account, "the releases come to %s, it has %s", text(&w.balance), text(&b.Amount))
		}
	}
	for _, account := range slices.Sorted(maps.Keys(wanted)) {
		if w := wanted[account]; !w.seen && !w.balance.IsZero() {
			f.breaks.add(Missing, "wallet", account, "the releases come to %s", text(&w.balance))
		}
	}
	return nil
}
