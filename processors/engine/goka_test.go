package engine_test

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/IBM/sarama"
	"github.com/lovoo/goka"
	"github.com/lovoo/goka/codec"
	"github.com/lovoo/goka/storage"
)

// The engine stands in the place of goka's transport, and so on what goka does in which order, which goka does not
// promise. Another version needs another look: these tests are what to look at.

func TestGokaIsPinned(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^\s*github\.com/lovoo/goka v1\.1\.17$`).Match(text) {
		t.Error("go.mod does not require goka v1.1.17")
	}
	if regexp.MustCompile(`(?m)^\s*(replace\s+)?github\.com/lovoo/goka\b.*=>`).Match(text) {
		t.Error("go.mod replaces goka")
	}
}

// script is a goka processor whose surroundings write down what it does to them, in order.
type script struct {
	t  *testing.T
	mu sync.Mutex

	did      []string
	promises []goka.PromiseFinisher
	handler  chan sarama.ConsumerGroupHandler
	until    chan struct{}
	session  *scriptSession
}

func newScript(t *testing.T, graph *goka.GroupGraph, opts ...goka.ProcessorOption) *script {
	t.Helper()
	s := &script{t: t, handler: make(chan sarama.ConsumerGroupHandler, 1), until: make(chan struct{})}
	processor, err := goka.NewProcessor(nil, graph, append([]goka.ProcessorOption{
		goka.WithConsumerGroupBuilder(func([]string, string, string) (sarama.ConsumerGroup, error) { return scriptGroup{s: s}, nil }),
		goka.WithProducerBuilder(func([]string, string, func() hash.Hash32) (goka.Producer, error) { return scriptProducer{s}, nil }),
		goka.WithConsumerSaramaBuilder(func([]string, string) (sarama.Consumer, error) { return scriptConsumer{}, nil }),
		goka.WithTopicManagerBuilder(func([]string) (goka.TopicManager, error) { return scriptTopics{}, nil }),
		goka.WithStorageBuilder(func(string, int32) (storage.Storage, error) {
			return scriptStorage{Storage: storage.NewMemory(), s: s}, nil
		}),
		goka.WithNilHandling(goka.NilProcess),
		goka.WithLogger(silence{}),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = processor.Run(ctx)
	}()
	s.session = &scriptSession{s: s, messages: make(chan *sarama.ConsumerMessage)}
	s.session.ctx, s.session.cancel = context.WithCancel(context.Background())
	t.Cleanup(func() {
		s.session.cancel()
		cancel()
		close(s.until)
		<-ended
	})
	return s
}

// play sets a session up, and feeds messages to it.
func (s *script) play(messages ...*sarama.ConsumerMessage) (handler sarama.ConsumerGroupHandler, claimed <-chan error) {
	s.t.Helper()
	handler = <-s.handler
	if err := handler.Setup(s.session); err != nil {
		s.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- handler.ConsumeClaim(s.session, scriptClaim{s.session.messages}) }()
	for _, message := range messages {
		message.Topic = "in"
		s.session.messages <- message
	}
	return handler, done
}

func (s *script) note(format string, arguments ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.did = append(s.did, fmt.Sprintf(format, arguments...))
}

// after waits until something was done, and returns all that was.
func (s *script) after(what string) (did []string) {
	s.t.Helper()
	b := &bench{t: s.t, ctx: s.t.Context()}
	b.await(what, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		did = slices.Clone(s.did)
		return slices.Contains(did, what)
	})
	return did
}

func (s *script) finish(i int) {
	s.mu.Lock()
	finish := s.promises[i]
	s.mu.Unlock()
	finish(&sarama.ProducerMessage{}, nil)
}

func message(key string, value []byte, offset int64) *sarama.ConsumerMessage {
	return &sarama.ConsumerMessage{Key: []byte(key), Value: value, Offset: offset}
}

func scripted(callback goka.ProcessCallback) *goka.GroupGraph {
	return goka.DefineGroup("g", goka.Input("in", new(codec.String), callback),
		goka.Output("out", new(codec.String)), goka.Persist(new(codec.String)))
}

// A row is in the storage before it is emitted; what is emitted leaves in the order of the callback; and the message is
// marked when the callback has returned and the last promise is kept, in whatever order they are. The engine's rows are
// therefore complete when all messages of a batch are marked.
func TestGokaStoresEmitsAndMarksInThisOrder(t *testing.T) {
	t.Parallel()
	s := newScript(t, scripted(func(ctx goka.Context, message any) {
		ctx.SetValue("row " + message.(string))
		ctx.Emit("out", "other", message)
	}))
	s.play(message("k", []byte("one"), 7), message("k", []byte("two"), 8))
	want := []string{
		"set k = row one", "emit g-table k = row one", "emit out other = one",
		"set k = row two", "emit g-table k = row two", "emit out other = two",
	}
	if did := s.after(want[5]); !slices.Equal(did, want) {
		t.Fatalf("it did %q", did)
	}
	// Marks come in the order of the promises, not of the messages: nothing can be read from a mark's offset.
	s.finish(3)
	s.finish(1)
	s.finish(2)
	s.after("mark 9")
	s.finish(0)
	if did := s.after("mark 8"); !slices.Equal(did[6:], []string{"mark 9", "mark 8"}) {
		t.Errorf("then it did %q", did[6:])
	}
}

// A message that emits nothing is marked when its callback returns.
func TestGokaMarksWhatEmitsNothing(t *testing.T) {
	t.Parallel()
	s := newScript(t, scripted(func(ctx goka.Context, message any) { s := message; _ = s }))
	s.play(message("k", []byte("one"), 7), message("k", nil, 8), message("", []byte("two"), 9))
	if did := s.after("mark 10"); !slices.Equal(did, []string{"mark 8", "mark 9", "mark 10"}) {
		t.Errorf("it did %q", did)
	}
}

// goka drops messages without a value unless it is told not to; it marks them, though.
func TestGokaDropsNilByDefault(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	called := 0
	s := newScript(t, scripted(func(goka.Context, any) {
		mu.Lock()
		defer mu.Unlock()
		called++
	}), goka.WithNilHandling(goka.NilIgnore))
	s.play(message("k", nil, 7))
	s.after("mark 8")
	mu.Lock()
	defer mu.Unlock()
	if called > 0 {
		t.Error("the callback was called: the engine's WithNilHandling may be left out")
	}
}

// A panic ends the claim, the message is never marked, and Cleanup says what was thrown. A failure is a panic; when the
// session has ended it only returns.
func TestGokaTellsOfAPanicInCleanup(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		callback goka.ProcessCallback
		said     string
	}{
		{"a panic", func(goka.Context, any) { panic("told to panic") }, "told to panic"},
		{"a failure", func(ctx goka.Context, _ any) { ctx.Fail(errors.New("told to fail")) }, "told to fail"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newScript(t, scripted(c.callback))
			handler, claimed := s.play(message("k", []byte("one"), 7))
			if err := <-claimed; err != nil {
				t.Errorf("the claim ended with %v", err)
			}
			s.session.cancel()
			if err := handler.Cleanup(s.session); err == nil || !strings.Contains(err.Error(), c.said) {
				t.Errorf("Cleanup said %v", err)
			}
			if len(s.did) > 0 {
				t.Errorf("it did %q", s.did)
			}
		})
	}
	t.Run("a failure after the end", func(t *testing.T) {
		t.Parallel()
		entered, release := make(chan struct{}), make(chan struct{})
		var s *script
		s = newScript(t, scripted(func(ctx goka.Context, _ any) {
			close(entered)
			<-release
			ctx.Fail(errors.New("told to fail"))
			s.note("went on")
		}))
		handler, _ := s.play(message("k", []byte("one"), 7))
		<-entered
		s.session.cancel()
		close(release)
		if err := handler.Cleanup(s.session); err == nil {
			t.Error("Cleanup said nothing")
		}
		s.after("went on")
	})
}

type scriptGroup struct {
	sarama.ConsumerGroup
	s *script
}

func (g scriptGroup) Consume(ctx context.Context, _ []string, handler sarama.ConsumerGroupHandler) error {
	g.s.handler <- handler
	<-g.s.until
	<-ctx.Done()
	return nil
}
func (scriptGroup) Errors() <-chan error { return nil }
func (scriptGroup) Close() error         { return nil }

type scriptSession struct {
	s        *script
	ctx      context.Context
	cancel   context.CancelFunc
	messages chan *sarama.ConsumerMessage
}

func (*scriptSession) Claims() map[string][]int32                    { return map[string][]int32{"in": {0}} }
func (*scriptSession) MemberID() string                              { return "" }
func (*scriptSession) GenerationID() int32                           { return 1 }
func (*scriptSession) Commit()                                       {}
func (*scriptSession) ResetOffset(string, int32, int64, string)      {}
func (s *scriptSession) Context() context.Context                    { return s.ctx }
func (s *scriptSession) MarkMessage(*sarama.ConsumerMessage, string) { s.s.note("mark a message") }
func (s *scriptSession) MarkOffset(_ string, _ int32, offset int64, _ string) {
	s.s.note("mark %d", offset)
}

type scriptClaim struct{ messages chan *sarama.ConsumerMessage }

func (scriptClaim) Topic() string                              { return "in" }
func (scriptClaim) Partition() int32                           { return 0 }
func (scriptClaim) InitialOffset() int64                       { return 0 }
func (scriptClaim) HighWaterMarkOffset() int64                 { return 0 }
func (c scriptClaim) Messages() <-chan *sarama.ConsumerMessage { return c.messages }

type scriptProducer struct{ s *script }

func (p scriptProducer) Emit(topic, key string, value []byte) *goka.Promise {
	return p.EmitWithHeaders(topic, key, value, nil)
}

func (p scriptProducer) EmitWithHeaders(topic, key string, value []byte, _ goka.Headers) *goka.Promise {
	p.s.note("emit %s %s = %s", topic, key, value)
	promise, finish := goka.NewPromiseWithFinisher()
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	p.s.promises = append(p.s.promises, finish)
	return promise
}

func (scriptProducer) Close() error { return nil }

type scriptStorage struct {
	storage.Storage
	s *script
}

func (st scriptStorage) Set(key string, value []byte) error {
	st.s.note("set %s = %s", key, value)
	return st.Storage.Set(key, value)
}

type scriptConsumer struct{ sarama.Consumer }

func (scriptConsumer) HighWaterMarks() map[string]map[int32]int64 { return nil }
func (scriptConsumer) Close() error                               { return nil }

type scriptTopics struct{ goka.TopicManager }

func (scriptTopics) Partitions(string) ([]int32, error)                          { return []int32{0}, nil }
func (scriptTopics) EnsureTableExists(string, int) error                         { return nil }
func (scriptTopics) EnsureStreamExists(string, int) error                        { return nil }
func (scriptTopics) EnsureTopicExists(string, int, int, map[string]string) error { return nil }
func (scriptTopics) GetOffset(string, int32, int64) (int64, error)               { return 0, nil }
func (scriptTopics) Close() error                                                { return nil }

type silence struct{}

func (silence) Print(...any)          {}
func (silence) Println(...any)        {}
func (silence) Printf(string, ...any) {}
