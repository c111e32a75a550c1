package sink

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// begin says from where partitions are read that the group has given: from where the store has them. It is
// kgo.AdjustFetchOffsetsFn, and waits for the store as long as it takes.
func (s *Sink) begin(ctx context.Context, offsets map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	var kept map[Partition]int64
	s.mu.Lock()
	ids := s.ids
	s.mu.Unlock()
	err := s.retry(ctx, "reading the positions", func() (err error) {
		kept, err = s.config.Keeper.Positions(ctx, ids)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for topic, partitions := range offsets {
		for partition := range partitions {
			p := Partition{topic, partition}
			position, known := kept[p]
			partitions[partition] = kgo.NewOffset().At(position)
			if !known {
				position = Unread
				partitions[partition] = kgo.NewOffset().AtStart()
			}
			s.from[p] = position
		}
	}
	return offsets, nil
}

// assigned notes that the group has been joined. It is called for a member without partitions too; what one with some waits
// for, begin says.
func (s *Sink) assigned(context.Context, *kgo.Client, map[string][]int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting == joining {
		s.waiting = ""
	}
}

// revoked forgets partitions that the group has taken away.
func (s *Sink) revoked(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
	s.lose(partitions)
}

// errLost ends a member that has lost its partitions.
var errLost = errors.New("the group has gone on without this member")

// lost ends the member. The client drops what it has fetched only after it has told of the loss, so what comes until then may be
// behind something that was left out: it must not be taken for what comes once the partition is back.
func (s *Sink) lost(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
	s.mu.Lock()
	s.severed = true
	s.mu.Unlock()
	s.lose(partitions)
}

// lose forgets partitions; nil: all.
func (s *Sink) lose(partitions map[string][]int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if partitions == nil {
		clear(s.from)
		clear(s.ends)
	}
	for topic, numbers := range partitions {
		for _, number := range numbers {
			delete(s.from, Partition{topic, number})
			delete(s.ends, Partition{topic, number})
		}
	}
}

// tell commits the positions to the brokers, for whoever looks at the group. What fails is tried again the next time.
func (s *Sink) tell(ctx context.Context, client *kgo.Client) {
	s.mu.Lock()
	offsets := make(map[string]map[int32]kgo.EpochOffset)
	for p, position := range s.from {
		if position == Unread {
			continue
		}
		if offsets[p.Topic] == nil {
			offsets[p.Topic] = make(map[int32]kgo.EpochOffset)
		}
		offsets[p.Topic][p.Partition] = kgo.EpochOffset{Epoch: -1, Offset: position}
	}
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, sessionTimeout/10)
	defer cancel()
	client.CommitOffsetsSync(ctx, offsets, nil)
}

// leaveMax bounds the leaving of the group.
const leaveMax = time.Second

// leave gives the partitions back at once: a static member would else hold them until its session ends (KIP-345). The member's
// client is closed before: a join of it that came after the leaving would be awaited for as long as a rebalance may take.
func (s *Sink) leave(member *kgo.Client) {
	member.CloseAllowingRebalance()
	client, err := kgo.NewClient(s.config.Connect...)
	if err != nil {
		s.config.Log.Debug().Err(err).Msg("leaving the group")
		return
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), leaveMax)
	defer cancel()
	request := kmsg.NewPtrLeaveGroupRequest()
	request.Group = s.config.Group
	leaving := kmsg.NewLeaveGroupRequestMember()
	leaving.InstanceID = kmsg.StringPtr(s.config.Instance)
	request.Members = append(request.Members, leaving)
	if _, err := request.RequestWith(ctx, client); err != nil {
		s.config.Log.Debug().Err(err).Msg("leaving the group")
	}
}

func fetchError(fetches kgo.Fetches) error {
	var errs []error
	fetches.EachError(func(topic string, partition int32, err error) {
		var lost *kgo.ErrDataLoss
		if !errors.Is(err, context.Canceled) && !errors.As(err, &lost) {
			errs = append(errs, err)
		}
	})
	return errors.Join(errs...)
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
