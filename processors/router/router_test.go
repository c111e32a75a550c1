package router_test

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/processors/router"
	"github.com/rmn-arms/campaign-engine/topics"
)

// TestEachCommandReachesItsStore: more topics than one transaction may touch, several commands a device.
func TestEachCommandReachesItsStore(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.stores("early", 40, 3, 2)
	p := b.start("a", func(c *router.Config) { c.TopicsMax = 7 })
	b.ready(p)
	b.settled()
	b.stores("early", 10, 2, 2)
	b.stores("late", 25, 1, 3)
	b.settled()
	const commands = 40*3*2 + 10*2*2 + 25*3
	b.await("all are counted", func() bool { return p.count(router.Routed) >= commands }) // a little after their commit
	p.note(func() {
		if p.created != 65 || p.counts[router.Routed] != commands || p.counts[router.Unroutable] > 0 {
			t.Errorf("it made %d topics, and counts %v", p.created, p.counts)
		}
		if p.largest > 7*3*2+testPartitions {
			t.Errorf("a transaction had %d records", p.largest)
		}
	})
	plan, err := topics.NewAdmin(b.client).Plan(b.ctx, []topics.Stream{func() topics.Stream {
		stream := topics.StoreStream()
		stream.Name = topics.StoreTopic("late-0")
		return stream
	}()}, topics.Options{Partitions: testPartitions})
	if err != nil || len(plan.Differences) > 0 {
		t.Errorf("a store's topic is not as it should be: %v %v", plan.Differences, err)
	}
	b.await("it knows that it has read everything", func() bool {
		for _, partition := range p.Overview().Partitions {
			if input := partition.Inputs[0]; !input.Known || input.Lag > 0 {
				return false
			}
		}
		return len(p.Overview().Partitions) == testPartitions
	})
	b.stop(p)
}

// TestHeadersAndTimeAreKept: the trace goes on, and a signature that came along is nobody's.
func TestHeadersAndTimeAreKept(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	record := b.command("s-1", "d-1")
	record.Timestamp = time.UnixMilli(1_700_000_000_000)
	record.Headers = []kgo.RecordHeader{
		{Key: "traceparent", Value: []byte("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")},
		{Key: "jws", Value: []byte("forged")}, {Key: "tracestate", Value: []byte("a=b")}}
	b.publish(record)
	b.start("a")
	b.settled()
	got := b.routed()["s-1"][0]
	signed, _ := signature(record.Value)
	want := []kgo.RecordHeader{record.Headers[0], record.Headers[2], {Key: "jws", Value: []byte(signed)}}
	if diff := cmp.Diff(want, got.Headers); diff != "" || !got.Timestamp.Equal(record.Timestamp) || got.Partition != 0 {
		t.Errorf("%v, of %v:\n%s", got.Partition, got.Timestamp, diff)
	}
}

// TestWhatIsNoCommandIsPassedOver: it is counted, and holds nothing up.
func TestWhatIsNoCommandIsPassedOver(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	right := string(b.command("s-1", "d-1").Value)
	var poison []*kgo.Record
	for _, value := range []string{
		"", "{", `[]`, strings.Replace(right, "device.command", "device.ack", 1), strings.Replace(right, `"store_id":"s-1"`, `"store_id":"../s"`, 1),
		strings.Replace(right, `"device_id":"d-1"`, `"device_id":""`, 1), strings.Replace(right, `"store_id":"s-1"`, `"store_id":"s-2"`, 1),
		strings.Replace(right, `"store_id":"s-1",`, ``, 1),
	} {
		poison = append(poison, &kgo.Record{Topic: string(topics.DeviceCommands), Key: []byte("s-1"), Value: []byte(value)})
	}
	large := b.command("s-1", "d-1") // it is taken here, and would not be there, where a signature is added
	large.Headers = []kgo.RecordHeader{{Key: "x", Value: make([]byte, topics.OutputMaxBytes-len(right)-200)}}
	poison = append(poison, large)
	foreign := b.connect(kgo.ProducerBatchMaxBytes(topics.OutputMaxBytes))
	b.must(foreign.ProduceSync(b.ctx, poison...).FirstErr())
	p := b.start("a")
	b.await("all are counted", func() bool { return p.count(router.Unroutable) == len(poison) })
	b.idle()
	b.publish(b.command("s-1", "d-1"))
	b.settled()
	if got := p.count(router.Unroutable); got != len(poison) || len(p.restarted) > 0 {
		t.Errorf("%d are counted, sessions ended by %q", got, p.restarted)
	}
}

// TestATopicThatCannotBeMadeHoldsEverythingUp, and it is said why; what is behind it goes on when it can be made.
func TestATopicThatCannotBeMadeHoldsEverythingUp(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var refuse atomic.Bool
	refuse.Store(true)
	b.cluster.ControlKey(int16(kmsg.CreateTopics), func(request kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.KeepControl()
		response := request.ResponseKind().(*kmsg.CreateTopicsResponse)
		for _, topic := range request.(*kmsg.CreateTopicsRequest).Topics {
			if refuse.Load() && topic.Topic == string(topics.StoreTopic("s-2")) {
				answer := kmsg.NewCreateTopicsResponseTopic()
				answer.Topic, answer.ErrorCode, answer.ErrorMessage = topic.Topic, kerr.PolicyViolation.Code, kmsg.StringPtr("not on a Thursday")
				response.Topics = append(response.Topics, answer)
			}
		}
		return response, nil, len(response.Topics) > 0
	})
	b.publish(b.command("s-1", "d-1"))
	p := b.start("a")
	b.settled()
	b.publish(b.command("s-1", "d-1"), b.command("s-2", "d-2"), b.command("s-2", "d-2"))
	b.await("it says why", func() bool {
		return strings.Contains(p.Held(), "creating device-commands.s-2") && strings.Contains(p.Held(), "Thursday")
	})
	if p.Ready() != nil {
		t.Errorf("it has joined, and says %v", p.Ready())
	}
	b.await("it tries again", func() bool { f := 0; p.note(func() { f = p.failures }); return f > 1 })
	refuse.Store(false)
	b.settled()
	if p.Held() != "" || len(p.restarted) > 0 {
		t.Errorf("then it says %q, and has begun anew by %q", p.Held(), p.restarted)
	}
}

// TestARightThatIsMissing: topics are refused one by one, and what is said is the right that the group lacks. Where it lacks
// none, somebody has denied it one topic, and that is said.
func TestARightThatIsMissing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		lacks error
		says  func(*process) string
		want  string
	}{
		{"of the group", &topics.MissingRightsError{Principal: "User:router"}, unready, "User:router needs"},
		{"of one topic", nil, (*process).Held, "Create on topic device-commands.s-1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			var refuse atomic.Bool
			refuse.Store(true)
			b.cluster.ControlKey(int16(kmsg.CreateTopics), func(request kmsg.Request) (kmsg.Response, error, bool) {
				b.cluster.KeepControl()
				response := request.ResponseKind().(*kmsg.CreateTopicsResponse)
				for _, topic := range request.(*kmsg.CreateTopicsRequest).Topics {
					answer := kmsg.NewCreateTopicsResponseTopic()
					answer.Topic, answer.ErrorCode = topic.Topic, kerr.TopicAuthorizationFailed.Code
					response.Topics = append(response.Topics, answer)
				}
				return response, nil, refuse.Load()
			})
			b.publish(b.command("s-1", "d-1"))
			p := b.start("a", func(config *router.Config) {
				config.Rights = func(context.Context) error {
					if refuse.Load() {
						return c.lacks
					}
					return nil
				}
			})
			b.await("it says what is missing", func() bool { return strings.Contains(c.says(p), c.want) })
			refuse.Store(false)
			b.settled()
			b.await("it says so no more", func() bool { return unready(p) == "" && p.Held() == "" })
		})
	}
}

func unready(p *process) string {
	if err := p.Ready(); err != nil {
		return err.Error()
	}
	return ""
}

// TestATopicThatIsHardToSee: somebody else makes it meanwhile, and brokers do not know it for a while. No session ends by it.
func TestATopicThatIsHardToSee(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	name := string(topics.StoreTopic("s-1"))
	var raced, unknown atomic.Int32
	b.cluster.ControlKey(int16(kmsg.CreateTopics), func(kmsg.Request) (kmsg.Response, error, bool) {
		if raced.Add(1) == 1 {
			b.cluster.SleepControl(func() {
				if _, err := b.admin.CreateTopic(b.ctx, 1, 1, nil, name); err != nil {
					t.Error(err)
				}
			})
		}
		return nil, nil, false
	})
	b.cluster.ControlKey(int16(kmsg.Metadata), func(request kmsg.Request) (kmsg.Response, error, bool) {
		b.cluster.KeepControl()
		asked := request.(*kmsg.MetadataRequest).Topics
		// The session's own client asks for what it reads, too, whoever waits for the topic does not.
		for _, topic := range asked {
			if topic.Topic != nil && *topic.Topic == name && len(asked) == 2 && raced.Load() > 0 && unknown.Add(1) <= 8 {
				return b.unknown(request.(*kmsg.MetadataRequest), name), nil, true
			}
		}
		return nil, nil, false
	})
	b.publish(b.command("s-1", "d-1"), b.command("s-1", "d-2"))
	p := b.start("a")
	b.settled()
	if len(p.restarted) > 0 || raced.Load() == 0 || unknown.Load() < 8 || p.created > 0 {
		t.Errorf("asked to be made %d times, looked for %d times, made %d times, begun anew by %q",
			raced.Load(), unknown.Load(), p.created, p.restarted)
	}
}

// unknown answers for a broker that does not know a topic yet.
func (b *bench) unknown(request *kmsg.MetadataRequest, name string) kmsg.Response {
	response := request.ResponseKind().(*kmsg.MetadataResponse)
	host, port, err := net.SplitHostPort(b.cluster.ListenAddrs()[0])
	number, err2 := strconv.Atoi(port)
	b.must(errors.Join(err, err2))
	broker := kmsg.NewMetadataResponseBroker()
	broker.Host, broker.Port = host, int32(number)
	response.Brokers = append(response.Brokers, broker)
	for _, asked := range request.Topics {
		answer := kmsg.NewMetadataResponseTopic()
		answer.Topic = asked.Topic
		if *asked.Topic == name {
			answer.ErrorCode = kerr.UnknownTopicOrPartition.Code
			response.Topics = append(response.Topics, answer)
			continue
		}
		for n := range int32(testPartitions) {
			partition := kmsg.NewMetadataResponseTopicPartition()
			partition.Partition, partition.Replicas, partition.ISR = n, []int32{0}, []int32{0}
			answer.Partitions = append(answer.Partitions, partition)
		}
		response.Topics = append(response.Topics, answer)
	}
	return response
}

// TestNothingGoesOutUnsigned: the group stands still while nothing can be signed.
func TestNothingGoesOutUnsigned(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var broken atomic.Bool
	broken.Store(true)
	b.stores("s", 3, 1, 1)
	p := b.start("a", func(c *router.Config) {
		c.Sign = func(value []byte) (string, error) {
			if broken.Load() {
				return "", errors.New("the key is gone")
			}
			return signature(value)
		}
	})
	b.await("it says why", func() bool { return p.Ready() != nil && strings.Contains(p.Ready().Error(), "the key is gone") })
	if got := b.routed(); len(got) > 0 {
		t.Errorf("%d stores have got something", len(got))
	}
	broken.Store(false)
	b.settled()
}

// TestItYieldsToDecisions: no transaction begins while something is to be decided in the same process.
func TestItYieldsToDecisions(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	over, asked := make(chan struct{}), make(chan struct{}, 100)
	var begun atomic.Bool
	b.stores("s", 3, 1, 1)
	b.start("a", func(c *router.Config) {
		c.YieldMax = deadline
		c.Bursting = func() <-chan struct{} {
			asked <- struct{}{}
			return over
		}
		c.Reached = func(at router.Step) {
			if at == router.StepBegun {
				begun.Store(true)
			}
		}
	})
	select {
	case <-asked:
	case <-b.ctx.Done():
		t.Fatal("it does not ask")
	}
	if begun.Load() {
		t.Error("it does not wait")
	}
	close(over)
	b.settled()
}

// TestItYieldsForAWhile: each transaction goes on at last.
func TestItYieldsForAWhile(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.stores("s", 3, 1, 1)
	b.start("a", func(c *router.Config) {
		c.YieldMax = time.Millisecond
		c.Bursting = func() <-chan struct{} { return make(chan struct{}) }
	})
	b.settled()
}

// TestATopicThatSomebodyDeletesIsMadeAgain with the next command of its store; what was in it is gone.
func TestATopicThatSomebodyDeletesIsMadeAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.publish(b.command("s-1", "d-1"), b.command("s-2", "d-2"))
	p := b.start("a", func(c *router.Config) { c.TransactionTimeout = time.Second })
	b.settled()
	_, err := b.admin.DeleteTopic(b.ctx, string(topics.StoreTopic("s-1")))
	b.must(err)
	delete(b.sent, "s-1")
	b.publish(b.command("s-1", "d-1"), b.command("s-2", "d-2"))
	b.settled()
	if p.created != 3 {
		t.Errorf("it made %d topics", p.created)
	}
}

// TestTwoOfOneName: one of them gives up.
func TestTwoOfOneName(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first := b.start("same")
	b.ready(first)
	second := b.start("same")
	b.stores("s", 3, 1, 1)
	b.await("one ends", func() bool {
		select {
		case <-first.done:
			return errors.Is(first.err, engine.ErrFencedInstance)
		case <-second.done:
			return errors.Is(second.err, engine.ErrFencedInstance)
		default:
			return false
		}
	})
	b.settled()
}
