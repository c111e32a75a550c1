package budget_test

import (
	"encoding/hex"
	"fmt"
	"reflect"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/budget"
)

// plainRows are what the version wrote that wrote layout 1, at the steps of TestRowsOfLayout1AreRead.
var plainRows = []string{
	"000000000036ee80010001b81703010000400180bab703",
	"7fffffffffffffff01090db817030d0303200c03612d3103555344030169020203010000010a00010101e807d00fd00f04010101d00f0001" +
		"0d000101",
	"0000000000000834010b0db817030d0305200c03612d3103555344030169040305010000010a00010101e807d00fd00f04010101d00fe807" +
		"010d000101a01fe820e0c8071001",
	"00000000240c8bd001050db817030d0305200c03612d3103555344030169040305010000010a00010101e807d00fd00f04010101d00fe807" +
		"a01f01000101000000feffffffffffffffff01a0afe4c00400",
	"0000000000000dac01050ec81a0311030530010c03612d3103555344030169040305010000010a00010101e807d00fd00f04010101d00fe8" +
		"07a01f010001010100010ad836a0afe4c00400",
	"7fffffffffffffff010700000311030530010c03612d3103555344030169040305010000010a00010101e807d00fd00f04010100a01f0200" +
		"01010100010afeffffffffffffffff01feffffffffffffffff0100",
}

// TestRowsOfLayout1AreRead: an account goes on that the version before has written, at whatever stage it is.
func TestRowsOfLayout1AreRead(t *testing.T) {
	l, step := newLedger(t), 0
	compare := func(stage string) {
		t.Helper()
		plain, err := hex.DecodeString(plainRows[step])
		step++
		var got budget.Account
		if err != nil || got.UnmarshalBinary(plain) != nil {
			t.Fatalf("%s: it cannot be read: %v", stage, err)
		}
		want := l.account()
		want.Latest = want.Farthest             // that version knew one of them
		if want.Lock.Stage == budget.Settling { // that version looked again and again
			want.Lock.Ticket, want.Lock.Due = 0, got.Lock.Due
		}
		if !reflect.DeepEqual(&got, want) {
			t.Errorf("%s: it is\n%+v; want\n%+v", stage, got, *want)
		}
		if due, readable := budget.DueOf(plain); !readable || due != got.NextDue() {
			t.Errorf("%s: it is due at %d (%t); want %d", stage, due, readable, got.NextDue())
		}
		if ticket, _ := budget.AwaitOf(plain); ticket != 0 {
			t.Errorf("%s: it waits for ticket %d", stage, ticket)
		}
		for length := range plain {
			if _, readable := budget.DueOf(plain[:length]); readable {
				t.Errorf("%s: cut to %d bytes it is readable", stage, length)
			}
		}
	}
	l.report(at("p", 1500))
	compare("unknown")
	l.apply(schedule(500, definition(t, 1000, 2000, "1.00", "100")))
	l.apply(timed(budget.Active, 1000, 1007))
	for n := range 12 {
		l.report(at(fmt.Sprint(n), 1500))
	}
	l.apply(reschedule(1600, budget.Active, definition(t, 1000, 2000, "1.05", "100")))
	compare("running, over budget, raised")
	l.apply(timed(budget.Completed, 2000, 2000))
	l.now = 2000
	l.plays += 3
	l.apply(settle(budget.Completed, 2000))
	l.plays -= 3
	l.pass(2000)
	compare("settling")
	l.plays += 3
	l.pass(3000)
	compare("locked")
	l.report(at("late", 1700))
	compare("to be adjusted")
	l.pass(3000 + 8*24*3600*1000)
	compare("forgotten")
}
