package run

import (
	"errors"
	"testing"
	"time"
)

func TestReadinessIsSaidWhenItChanges(t *testing.T) {
	began := time.Unix(0, 0)
	seen := sight{since: began}
	joining, outage := errors.New("joining the group"), errors.New("joining again after: dial refused")
	for _, step := range []struct {
		after   time.Duration
		waiting error
		owned   int
		want    string
	}{
		{0, joining, 0, ""},
		{1200 * time.Millisecond, nil, 8, "ready after 1.2s, owns 8 partitions"},
		{2 * time.Second, nil, 8, ""},
		{3 * time.Second, outage, 8, "not ready: joining again after: dial refused"},
		{4 * time.Second, joining, 8, ""},
		{27100 * time.Millisecond, nil, 8, "ready again after 24.1s, owns 8 partitions"},
		{28 * time.Second, nil, 1, "owns 1 partition, before 8"},
		{29 * time.Second, nil, 1, ""},
		{30 * time.Second, joining, 0, "not ready: joining the group"},
		{31 * time.Second, nil, 4, "ready again after 1s, owns 4 partitions"},
	} {
		if got := seen.look(began.Add(step.after), step.waiting, step.owned); got != step.want {
			t.Errorf("after %s it says %q, want %q", step.after, got, step.want)
		}
	}
}

func TestSilenceIsSaidOnce(t *testing.T) {
	var heard hearing
	for i, step := range []struct{ silence, want string }{
		{"", ""}, {"for 6s", "for 6s"}, {"for 7s", ""}, {"", "brokers answer again"}, {"", ""}, {"for 6s", "for 6s"},
	} {
		if got := heard.look(step.silence); got != step.want {
			t.Errorf("step %d: it says %q, want %q", i, got, step.want)
		}
	}
}
