package run

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors/engine"
)

// silenceMax is how long no broker may answer anything: for longer, no group keeps the partitions of a silent member. An idle
// process asks twice a second.
const silenceMax = engine.DefaultSessionTimeout

// reach is whether brokers answer this process, whichever of its clients asks. It is a hook of all of them.
type reach struct {
	failed prometheus.Counter

	mu       sync.Mutex
	answered time.Time // the last answer; zero before the first one
	failure  error     // the last one since then
}

var (
	_ kgo.HookBrokerConnect = (*reach)(nil)
	_ kgo.HookBrokerE2E     = (*reach)(nil)
)

func newReach(registry *prometheus.Registry) *reach {
	r := &reach{failed: prometheus.NewCounter(prometheus.CounterOpts{
		Namespace: namespace, Name: "broker_failures_total",
		Help: "Connections to brokers, and requests, that failed; each is tried again.",
	})}
	registry.MustRegister(r.failed)
	return r
}

// OnBrokerConnect implements kgo.HookBrokerConnect.
func (r *reach) OnBrokerConnect(_ kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if err != nil {
		r.note(time.Now(), err)
	}
}

// OnBrokerE2E implements kgo.HookBrokerE2E: a request was answered, or was not.
func (r *reach) OnBrokerE2E(_ kgo.BrokerMetadata, _ int16, request kgo.BrokerE2E) {
	r.note(time.Now(), request.Err())
}

// note notes how a request ended. One that was given up, since its client is closed, says nothing about brokers.
func (r *reach) note(at time.Time, err error) {
	if errors.Is(err, context.Canceled) || errors.Is(err, net.ErrClosed) || errors.Is(err, kgo.ErrClientClosed) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failure = err; err == nil {
		r.answered = at
		return
	}
	r.failed.Inc()
}

// silence says since when no broker has answered; "" when one has of late, or when none ever was to be asked.
func (r *reach) silence(now time.Time) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.answered.IsZero() || now.Sub(r.answered) < silenceMax {
		return ""
	}
	text := fmt.Sprintf("no broker has answered since %s, for %s", r.answered.UTC().Format(time.RFC3339),
		now.Sub(r.answered).Truncate(time.Second))
	if r.failure != nil {
		text += ": " + r.failure.Error()
	}
	return text
}
