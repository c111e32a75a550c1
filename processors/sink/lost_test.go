package sink

import (
	"context"
	"errors"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

type emptyKeeper struct{ Keeper }

func (emptyKeeper) Positions(context.Context, map[string]TopicID) (map[Partition]int64, error) {
	return nil, nil
}

// What was fetched before the partitions were lost is not written when they are back: what lies before it may have been left out.
func TestNothingIsKeptAcrossALoss(t *testing.T) {
	s := New(Config{Keeper: emptyKeeper{}})
	given := func() map[string]map[int32]kgo.Offset {
		return map[string]map[int32]kgo.Offset{"t": {0: kgo.NewOffset()}}
	}
	haul := func(offset int64) kgo.Fetches {
		return kgo.Fetches{{Topics: []kgo.FetchTopic{{Topic: "t", Partitions: []kgo.FetchPartition{
			{HighWatermark: 9, Records: []*kgo.Record{{Topic: "t", Offset: offset}}},
		}}}}}
	}
	if _, err := s.begin(t.Context(), given()); err != nil {
		t.Fatal(err)
	}
	if _, moves, err := s.batch(haul(0)); err != nil || len(moves) != 1 {
		t.Fatalf("%v, %v", moves, err)
	}
	s.lost(t.Context(), nil, map[string][]int32{"t": {0}})
	if _, moves, err := s.batch(haul(0)); !errors.Is(err, errLost) || len(moves) > 0 {
		t.Errorf("after the loss: %v, %v", moves, err)
	}
	if _, err := s.begin(t.Context(), given()); err != nil {
		t.Fatal(err)
	}
	if _, moves, err := s.batch(haul(1)); !errors.Is(err, errLost) || len(moves) > 0 {
		t.Errorf("back again: %v, %v", moves, err)
	}
}
