package router

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/schemas"
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

// Route makes of a command what goes into its store's topic, signed or not; of what is none it says why, and asks for no signature.
func TestRoute(t *testing.T) {
	event := schemas.NewEvent("d-1/7/1", schemas.DeviceCommand, "s-1", 5, schemas.Command{
		CommandID: "d-1/7", DeviceID: "d-1", StoreID: "s-1", PlaylistRevision: 7, Attempt: 1, Playlist: []schemas.PlaylistEntry{},
	})
	value, err := topics.EncodeCommand(&event)
	if err != nil {
		t.Fatal(err)
	}
	command := &kgo.Record{Key: []byte("s-1"), Value: value, Timestamp: time.UnixMilli(5), Headers: []kgo.RecordHeader{
		{Key: "h", Value: []byte("1")}, {Key: schemas.SignatureHeader, Value: []byte("of somebody else")},
	}}
	asked := 0
	sign := func([]byte) (string, error) { asked++; return "mine", nil }
	for name, signs := range map[string]func([]byte) (string, error){"h=1 jws=mine": sign, "h=1": nil} {
		routed, refusal, err := Route(command, signs)
		if err != nil || refusal != nil {
			t.Fatalf("%v %v", refusal, err)
		}
		var headers []string
		for _, header := range routed.Headers {
			headers = append(headers, header.Key+"="+string(header.Value))
		}
		if routed.Topic != string(topics.StoreTopic("s-1")) || string(routed.Key) != "d-1" || string(routed.Value) != string(value) ||
			!routed.Timestamp.Equal(command.Timestamp) || strings.Join(headers, " ") != name {
			t.Errorf("%s: it is %+v", name, routed)
		}
	}
	broken := errors.New("no key")
	if _, _, err := Route(command, func([]byte) (string, error) { return "", broken }); !errors.Is(err, broken) {
		t.Errorf("without a key it ends with %v", err)
	}
	if _, refusal, err := Route(&kgo.Record{Key: []byte("s-2"), Value: value}, sign); refusal == nil || err != nil || asked != 1 {
		t.Errorf("a command under another store's key: %v, %v; signed %d times", refusal, err, asked)
	}
}
