package pgstore

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/apd/v3"
)

func dec(s string) apd.Decimal {
	d, _, err := apd.NewFromString(s)
	if err != nil {
		panic(err)
	}
	return *d
}

// steps reads "1 schedule 500.00, 2 start 500.00": sequence, transition, budget in USD.
func steps(text string) (all []step) {
	for part := range strings.SplitSeq(text, ", ") {
		s := step{currency: "USD"}
		var budget string
		if _, err := fmt.Sscan(part, &s.sequence, &s.transition, &budget); err != nil {
			panic(err)
		}
		s.budget = dec(budget)
		all = append(all, s)
	}
	return all
}

func TestFollow(t *testing.T) {
	start := standing{campaignID: "c", currency: "USD"}
	for _, c := range []struct{ name, history, sets, held string }{
		{"a budget is held", "1 schedule 500.00", "c/hold/1 500.00", "500.00"},
		{"raised and lowered", "1 schedule 5, 2 reschedule 7, 3 rezone 4", "c/hold/1 5|c/hold/2 2|c/hold/3 -3", "4"},
		{"unchanged", "1 schedule 5, 2 reschedule 5.00, 3 rezone 5", "c/hold/1 5", "5"},
		{"no budget", "1 schedule 0, 2 start 0", "", "0"},
		{"others move nothing", "1 schedule 5, 2 start 6, 3 pause 7", "c/hold/1 5", "5"},
		{"nothing behind a gap", "1 schedule 5, 3 reschedule 7", "c/hold/1 5", "5"},
		{"nothing without a beginning", "2 reschedule 7", "", "0"},
		{"nothing after the settle", "1 schedule 5, 2 settle 5, 3 reschedule 7", "c/hold/1 5", "5"},
	} {
		after, sets, conflicts, err := start.follow(steps(c.history))
		var got []string
		for _, s := range sets {
			total, err := sum(&s.entries[0].amount, &s.entries[1].amount)
			if err != nil || !total.IsZero() {
				t.Errorf("%s: %s does not sum to zero", c.name, s.key)
			}
			got = append(got, s.key+" "+text(&s.entries[0].amount))
		}
		want := dec(c.held)
		if err != nil || len(conflicts) != 0 || strings.Join(got, "|") != c.sets || after.held.Cmp(&want) != 0 {
			t.Errorf("%s: %v, held %v, %v, %v", c.name, got, &after.held, conflicts, err)
		}
	}
}

// What was booked before is not booked again, and a gap that is filled lets the rest go on.
func TestFollowGoesOn(t *testing.T) {
	s := standing{campaignID: "c", currency: "USD", sequence: 4, booked: 1, held: dec("5")}
	after, sets, _, err := s.follow(steps("1 schedule 5, 2 reschedule 6, 3 reschedule 8, 4 settle 8"))
	if err != nil || len(sets) != 2 || sets[0].key != "c/hold/2" || sets[1].key != "c/hold/3" || !after.settled || after.booked != 4 {
		t.Errorf("%+v, %+v, %v", after, sets, err)
	}
	other := steps("2 reschedule 6")
	other[0].currency = "EUR"
	after, sets, conflicts, err := s.follow(other)
	if err != nil || len(sets) != 0 || len(conflicts) != 1 || conflicts[0].Key != "c/2" || after.held.Cmp(&s.held) != 0 || after.booked != 2 {
		t.Errorf("another currency: %+v, %+v, %+v, %v", after, sets, conflicts, err)
	}
}

func TestFits(t *testing.T) {
	s := standing{campaignID: "c", advertiserID: "a", currency: "USD", held: dec("5.00")}
	good := Release{CampaignID: "c", AdvertiserID: "a", Currency: "USD", Budget: dec("5"), Spent: dec("2"), Released: dec("3.00")}
	if reason := s.fits(&good); reason != "" {
		t.Error(reason)
	}
	for name, change := range map[string]func(*Release){
		"sum": func(r *Release) { r.Spent = dec("2.01") }, "currency": func(r *Release) { r.Currency = "EUR" },
		"advertiser": func(r *Release) { r.AdvertiserID = "b" }, "held": func(r *Release) { r.Budget, r.Spent = dec("6"), dec("3") },
	} {
		bad := good
		if change(&bad); s.fits(&bad) == "" {
			t.Errorf("%s: it fits", name)
		}
	}
}

func TestOutcome(t *testing.T) {
	a, b := Partition{"t", 1}, Partition{"t", 2}
	moved := []Advance{{Partition: a, From: 1, Next: 2}, {Partition: b, From: 5, Next: 5}}
	for _, c := range []struct {
		positions []Advance
		present   map[Partition]int64
		want      bool
	}{
		{moved, map[Partition]int64{a: 2, b: 5}, true},
		{moved, map[Partition]int64{a: 1, b: 5}, false},
		{moved, map[Partition]int64{a: 2, b: 6}, false},
		{moved[1:], map[Partition]int64{b: 5}, false}, // it was to stay: that says nothing
		{nil, nil, false},
	} {
		if got := outcome(c.positions, c.present); got != c.want {
			t.Errorf("%v at %v: %v", c.positions, c.present, got)
		}
	}
}

func TestDecimalsAreExact(t *testing.T) {
	a, b := dec("999999999999999999999999999999.999999999999"), dec("0.000000000001")
	if total, err := sum(&a, &b); err != nil || text(&total) != "1000000000000000000000000000000.000000000000" {
		t.Errorf("%v, %v", &total, err)
	}
	if d := dec("500.00"); text(&d) != "500.00" {
		t.Errorf("the scale is lost: %s", text(&d))
	}
	if d := dec("1E+3"); text(&d) != "1000" {
		t.Errorf("%s", text(&d))
	}
}
