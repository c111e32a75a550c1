package torture

import (
	"cmp"
	"reflect"
	"slices"
	"testing"
	"time"
)

func isOfLinks(kind Kind) bool {
	return slices.Contains([]Kind{CutLink, Isolate, SlowLink, ThinLink, HalfOpenLink, ReplayInputs}, kind)
}

// checkPlan holds what every plan promises: at most one fault of processes or brokers at a time, and one of links, with a rest
// behind each, and all healed before the end.
func checkPlan(t *testing.T, plan []Fault, length, rest time.Duration) {
	t.Helper()
	free := map[bool]time.Duration{}
	if !slices.IsSortedFunc(plan, func(a, b Fault) int { return cmp.Compare(a.At, b.At) }) {
		t.Error("the faults do not come in the order of their times")
	}
	for _, f := range plan {
		if f.At < free[isOfLinks(f.Kind)] {
			t.Errorf("%v begins before the one before it in its lane is healed and has rested", f)
		}
		if f.At < 4*time.Second || f.At+f.Length > length {
			t.Errorf("%v is outside of the run", f)
		}
		free[isOfLinks(f.Kind)] = f.At + f.Length + rest
		if f.Process < 0 || f.Process >= processes || f.Broker < 0 || f.Broker >= brokers || f.Length <= 0 {
			t.Errorf("%v hits nothing", f)
		}
		if f.Kind == PauseProcess && f.Length <= sessionTimeout {
			t.Errorf("%v does not outlast the session", f)
		}
	}
}

func TestPlan(t *testing.T) {
	const length = 5 * time.Minute
	for seed := range uint64(200) {
		plan := Plan(seed, length)
		if !reflect.DeepEqual(plan, Plan(seed, length)) {
			t.Fatalf("seed %d gives two plans", seed)
		}
		checkPlan(t, plan, length, restMin)
		kinds := map[Kind]int{}
		for _, f := range plan {
			kinds[f.Kind]++
		}
		if len(kinds) != 14 {
			t.Errorf("seed %d has %d kinds of faults in %v: %v", seed, len(kinds), length, kinds)
		}
		if t.Failed() {
			t.Fatalf("seed %d: %v", seed, plan)
		}
	}
	if reflect.DeepEqual(Plan(1, length), Plan(2, length)) {
		t.Error("two seeds give the same plan")
	}
}

func TestShortPlan(t *testing.T) { checkPlan(t, ShortPlan(), shortLength, 0) }
