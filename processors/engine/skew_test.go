package engine

import (
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// What is told of a difference is certain: the marker was written between two looks at the own clock.
func TestSkewOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                  string
		before, after, marked instant.Instant
		want                  time.Duration
		ok                    bool
	}{
		{"together", 1000, 1000, 1000, 0, true},
		{"the marker between the looks", 1000, 9000, 5000, 0, true},
		{"at the first look", 1000, 9000, 1000, 0, true},
		{"at the last look", 1000, 9000, 9000, 0, true},
		{"ahead, by at least what showed before", 301_000, 309_000, 1000, 300 * time.Second, true},
		{"behind, by at least what showed after", 1000, 9000, 309_000, -300 * time.Second, true},
		{"by an hour", 3_600_000, 3_600_000, 0, time.Hour, true},
		{"put back meanwhile", 9000, 1000, 5000, 0, false},
	} {
		if by, ok := skewOf(c.before, c.after, c.marked); by != c.want || ok != c.ok {
			t.Errorf("%s: %s, %t", c.name, by, ok)
		}
	}
}

// A difference is told when it is found, when it has doubled, and again after a while; and once that it is gone.
func TestSkewIsToldSeldom(t *testing.T) {
	t.Parallel()
	var s skew
	for i, c := range []struct {
		at, by time.Duration
		want   skewNews
	}{
		{0, 0, skewAsBefore},
		{10 * time.Second, 999 * time.Millisecond, skewAsBefore},
		{20 * time.Second, -999 * time.Millisecond, skewAsBefore},
		{30 * time.Second, time.Second, skewFound},
		{40 * time.Second, 1900 * time.Millisecond, skewAsBefore},
		{50 * time.Second, 2 * time.Second, skewFound},
		{60 * time.Second, 1500 * time.Millisecond, skewAsBefore},
		{649 * time.Second, 2 * time.Second, skewAsBefore},
		{650 * time.Second, 2 * time.Second, skewFound},
		{660 * time.Second, 0, skewAsBefore}, // one broker agrees, the next one does not
		{670 * time.Second, 2 * time.Second, skewAsBefore},
		{680 * time.Second, 0, skewAsBefore},
		{739 * time.Second, 0, skewAsBefore},
		{740 * time.Second, 0, skewGone},
		{750 * time.Second, 0, skewAsBefore},
		{760 * time.Second, -300 * time.Second, skewFound},
		{770 * time.Second, 300 * time.Second, skewFound}, // from one side to the other
	} {
		if news := s.note(c.by, c.at); news != c.want {
			t.Errorf("%d: %s after %s: news %d", i, c.by, c.at, news)
		}
	}
}

// One broker of several differs, and comparisons are with one after the other: that is one piece of news, not one each time.
func TestOneBrokerThatDiffersIsNoStorm(t *testing.T) {
	t.Parallel()
	var s skew
	told := 0
	for i := range 60 {
		if s.note(time.Duration(i%2)*2*time.Second, time.Duration(i)*skewEvery) != skewAsBefore {
			told++
		}
	}
	if told != 1 {
		t.Errorf("within ten minutes it is told %d times", told)
	}
}

func TestClocksAreComparedSeldom(t *testing.T) {
	t.Parallel()
	var s skew
	if !s.due(0) {
		t.Error("the first comparison waits")
	}
	s.compared, s.comparedAt = true, time.Second
	if s.due(time.Second + skewEvery - 1) {
		t.Error("the next one comes at once")
	}
	if !s.due(time.Second + skewEvery) {
		t.Error("the next one does not come")
	}
}
