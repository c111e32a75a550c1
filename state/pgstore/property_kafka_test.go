//go:build kafka

package pgstore_test

import (
	"context"
	"fmt"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

// record is one record of a source; one of the three.
type record struct {
	transition *pgstore.Transition
	release    *pgstore.Release
	statement  *pgstore.Statement
}

func (r record) addTo(b *pgstore.Batch) {
	switch {
	case r.transition != nil:
		b.Transitions = append(b.Transitions, *r.transition)
	case r.release != nil:
		b.Releases = append(b.Releases, *r.release)
	default:
		b.Statements = append(b.Statements, *r.statement)
	}
}

// drawStories makes a few campaigns of two advertisers, in whole cents; some are not over yet.
func drawStories(t *rapid.T) (stories []story, logs [3][]record) {
	for i := range rapid.IntRange(1, 4).Draw(t, "campaigns") {
		cents := rapid.SliceOfN(rapid.SampledFrom([]int{0, 12345, 24690, 99999}), 1, 4).Draw(t, "budgets")
		spent := rapid.IntRange(0, cents[len(cents)-1]).Draw(t, "spent")
		s := story{
			id: fmt.Sprintf("c-%d", i), advertiser: rapid.SampledFrom([]string{"a", "a-1"}).Draw(t, "advertiser"),
			currency: rapid.SampledFrom([]string{"USD", "EUR"}).Draw(t, "currency"), adjusted: rapid.IntRange(0, 2).Draw(t, "adjusted"),
			spent: fromCents(spent), released: fromCents(cents[len(cents)-1] - spent),
		}
		for _, c := range cents {
			s.budgets = append(s.budgets, fromCents(c))
		}
		stories = append(stories, s)
		all := s.transitions()
		read := len(all)
		if rapid.Bool().Draw(t, "not over") {
			read = rapid.IntRange(0, len(all)-1).Draw(t, "transitions")
		}
		for j := range all[:read] {
			logs[0] = append(logs[0], record{transition: &all[j]})
		}
		if read == len(all) || rapid.Bool().Draw(t, "the release is there already") {
			r := s.release()
			logs[1] = append(logs[1], record{release: &r})
			for _, statement := range s.statements() {
				logs[2] = append(logs[2], record{statement: &statement})
			}
		}
	}
	return stories, logs
}

func fromCents(n int) string { return fmt.Sprintf("%d.%02d", n/100, n%100) }

// Whatever the split into batches, the doubles and the going back: the same tables as with all at once. Each partition is
// read in its order, or, when its order is lost, in any.
func TestTheSameHoweverItIsRead(t *testing.T) {
	d := startDatabases(t, fast, "full_page_writes=off")
	rapid.Check(t, func(t *rapid.T) {
		_, logs := drawStories(t)
		address, drop := d.fresh(t)
		defer drop()
		reference, dropReference := d.fresh(t)
		defer dropReference()
		if rapid.Bool().Draw(t, "order is lost") {
			for i := range logs {
				logs[i] = rapid.Permutation(logs[i]).Draw(t, "order")
			}
		}
		writeAtOnce(t, reference, logs)
		want := dump(t, reference, false)

		s, err := pgstore.Open(context.Background(), pgstore.Options{URL: address, Connections: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		readInSteps(t, s, logs)
		mustSame(t, dump(t, address, false), want, "read in steps")
		mustAudit2(t, s)
		mustFold(t, s, logs)

		before := dump(t, address, true)
		var again pgstore.Batch
		for _, log := range logs {
			if len(log) == 0 {
				continue
			}
			for _, r := range log[rapid.IntRange(0, len(log)-1).Draw(t, "read again from"):] {
				r.addTo(&again)
			}
		}
		if result := write(t, s, again); result.New != 0 || len(result.Conflicts) != 0 {
			t.Fatalf("read again: %+v", result)
		}
		mustSame(t, dump(t, address, true), before, "read again")
	})
}

func writeAtOnce(t *rapid.T, address string, logs [3][]record) {
	s, err := pgstore.Open(context.Background(), pgstore.Options{URL: address, Connections: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var b pgstore.Batch
	for i, log := range logs {
		for _, r := range log {
			r.addTo(&b)
		}
		b.Positions = append(b.Positions, pgstore.Advance{Partition: source(i), From: pgstore.Unread, Next: int64(len(log))})
	}
	write(t, s, b)
}

func source(i int) pgstore.Partition {
	return pgstore.Partition{Topic: fmt.Sprintf("source-%d", i), Partition: 0}
}

// readInSteps takes some records of some sources at a time; now and then it goes back, with or without its positions.
func readInSteps(t *rapid.T, s *pgstore.Store, logs [3][]record) {
	stored := [3]int64{pgstore.Unread, pgstore.Unread, pgstore.Unread}
	at := [3]int{}
	for steps := 0; ; steps++ {
		if steps < 6 && rapid.IntRange(0, 4).Draw(t, "go back") == 0 {
			if err := s.Rewind(context.Background(), source(0).Topic, source(1).Topic, source(2).Topic); err != nil {
				t.Fatal(err)
			}
			stored = [3]int64{pgstore.Unread, pgstore.Unread, pgstore.Unread}
			for i := range at {
				at[i] = rapid.IntRange(0, at[i]).Draw(t, "to")
			}
		}
		var b pgstore.Batch
		for i, log := range logs {
			n := rapid.IntRange(0, len(log)-at[i]).Draw(t, "records")
			if steps > 8 {
				n = len(log) - at[i]
			}
			for _, r := range log[at[i] : at[i]+n] {
				r.addTo(&b)
			}
			at[i] += n
			b.Positions = append(b.Positions, pgstore.Advance{Partition: source(i), From: stored[i], Next: int64(at[i])})
			stored[i] = int64(at[i])
		}
		if result := write(t, s, b); len(result.Conflicts) != 0 {
			t.Fatalf("conflicts: %+v", result.Conflicts)
		}
		if at == [3]int{len(logs[0]), len(logs[1]), len(logs[2])} {
			return
		}
	}
}

func mustAudit2(t *rapid.T, s *pgstore.Store) {
	breaks, err := s.Audit(context.Background())
	if err != nil || len(breaks) > 0 {
		t.Fatalf("%v, %v", breaks, err)
	}
}

// mustFold compares the balances with a fold of the records that knows nothing of ledgers: in the order of their
// sequence, in math/big.
func mustFold(t *rapid.T, s *pgstore.Store, logs [3][]record) {
	held, settled := map[string]*big.Rat{}, map[string]bool{}
	ofAdvertiser := map[string]string{}
	for sequence := int64(1); sequence <= 10; sequence++ {
		for _, r := range logs[0] {
			if r.transition.Sequence == sequence {
				held[r.transition.CampaignID] = rat(r.transition.Campaign.Budget.Text('f'))
				settled[r.transition.CampaignID] = r.transition.Transition == "settle"
				ofAdvertiser[r.transition.CampaignID] = r.transition.Campaign.AdvertiserID
			}
		}
	}
	wallets, total := map[string]*big.Rat{}, map[string]*big.Rat{}
	for _, r := range logs[1] {
		if settled[r.release.CampaignID] {
			held[r.release.CampaignID] = new(big.Rat)
			add(wallets, r.release.AdvertiserID+"/"+r.release.Currency, rat(r.release.Released.Text('f')))
		}
	}
	for id, want := range held {
		money, found, err := s.CampaignMoney(context.Background(), id)
		if err != nil || !found || rat(money.Held.Text('f')).Cmp(want) != 0 {
			t.Fatalf("%s holds %v, want %v (%v)", id, &money.Held, want, err)
		}
		add(total, ofAdvertiser[id]+"/"+money.Currency, want)
	}
	for _, advertiser := range []string{"a", "a-1"} {
		all, err := s.Wallet(context.Background(), advertiser)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range all {
			key := advertiser + "/" + w.Currency
			add(wallets, key, new(big.Rat))
			add(total, key, new(big.Rat))
			if rat(w.Balance.Text('f')).Cmp(wallets[key]) != 0 || rat(w.Held.Text('f')).Cmp(total[key]) != 0 {
				t.Fatalf("%s has %v and holds %v, want %v and %v", key, &w.Balance, &w.Held, wallets[key], total[key])
			}
			delete(wallets, key)
		}
	}
	for key, left := range wallets {
		t.Fatalf("no wallet %s, which has %v", key, left)
	}
}

func rat(text string) *big.Rat {
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		panic(text)
	}
	return r
}

func add(to map[string]*big.Rat, key string, more *big.Rat) {
	if to[key] == nil {
		to[key] = new(big.Rat)
	}
	to[key].Add(to[key], more)
}
