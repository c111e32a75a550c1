package router

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/topics"
)

func TestCut(t *testing.T) {
	items := func(stores string) (all []item) { // a letter is a store, a dot goes nowhere
		for i, letter := range strings.Split(stores, "") {
			each := item{record: &kgo.Record{Partition: int32(i % 2), Offset: int64(i), Value: make([]byte, 10)}}
			if letter != "." {
				each.to = topics.StoreTopic(letter)
			}
			all = append(all, each)
		}
		return all
	}
	for _, c := range []struct {
		stores string
		most   bounds
		want   int
	}{
		{"a", bounds{2, 10, 100}, 1},
		{"abab", bounds{2, 10, 100}, 4},
		{"abc", bounds{2, 10, 100}, 2},
		{"ab..ab.c", bounds{2, 10, 100}, 7},
		{"aaaa", bounds{2, 3, 100}, 3},
		{"....", bounds{2, 3, 100}, 3},
		{"aaaaaa", bounds{2, 10, 25}, 3}, // the last one may go beyond
		{"a", bounds{2, 10, 5}, 1},
	} {
		if got := cut(items(c.stores), c.most); got != c.want {
			t.Errorf("of %s %d go into a transaction of %v, want %d", c.stores, got, c.most, c.want)
		}
	}
	if got := cut(nil, bounds{1, 1, 1}); got != 0 {
		t.Errorf("of nothing: %d", got)
	}
	if got := next(items("ab.")); len(got) != 2 || got[0] != 3 || got[1] != 2 {
		t.Errorf("positions behind them: %v", got)
	}
}

func TestANameThatIsTakenAgainAndAgain(t *testing.T) {
	for _, c := range []struct {
		at   []time.Duration
		want string
	}{
		{[]time.Duration{0, time.Second, 2 * time.Second}, "false false true"},
		{[]time.Duration{0, 40 * time.Second, 80 * time.Second, 90 * time.Second}, "false false false true"},
	} {
		var taken takings
		var got []string
		for _, at := range c.at {
			got = append(got, strconv.FormatBool(taken.note(at)))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%v: %v", c.at, got)
		}
	}
}
