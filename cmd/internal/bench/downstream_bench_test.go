//go:build bench

package bench

import (
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
	"github.com/rmn-arms/campaign-engine/topics"
)

// TestOverloadDownstream lets the lifecycle run in a process of its own: away, at work, and stopped in the middle of its
// work (SIGSTOP). The timers in front should not notice.
func TestOverloadDownstream(t *testing.T) {
	r := newRig(t, kafkatest.Start(t, kafkatest.Options{}))
	r.start("--processors", topics.Timers)
	r.behind("warm", *crowd)
	away := r.behind("away", *crowd)
	memory := r.rss()

	lifecycle := r.startLifecycle()
	r.catchUp("all")
	beside := r.behind("beside", *crowd)
	r.must(lifecycle.Pause())
	stopped := r.behind("stopped", *crowd)
	after := r.rss()
	began := time.Now()
	r.must(lifecycle.Continue())
	r.catchUp("all")
	r.report(fmt.Sprintf("%d timers of one instant: lifecycle away / at work / stopped", *crowd),
		fmt.Sprintf("%s / %s / %s", ms(away.burst), ms(beside.burst), ms(stopped.burst)),
		fmt.Sprintf("lateness at %d/s p99: %s / %s / %s; timers' resident MiB %d, after it was stopped %d; lifecycle caught up in %s",
			behindRate, ms(away.p99), ms(beside.p99), ms(stopped.p99), memory, after, ms(time.Since(began))))
	r.must(lifecycle.Terminate())
	r.stop()
}

// behindRate is how many timers a second become due in the steady part.
const behindRate = 500

// behind lets a burst of timers become due, then some at a rate.
func (r *rig) behind(prefix string, crowd int) (o outcome) {
	r.t.Helper()
	g := r.gauge(false)
	burst, steady := prefix+"burst", prefix+"steady"
	instant := time.Now().Add(15 * time.Second).Truncate(time.Second)
	begins := instant.Add(5 * time.Second)
	const count = 5 * behindRate
	r.publish(burst, crowd, func(int) time.Time { return instant })
	r.publish(steady, count, func(i int) time.Time { return begins.Add(time.Duration(i) * time.Second / behindRate) })
	r.until("the timers to be armed", func() bool {
		return g.count(burst+"-distribute") == crowd && g.count(steady+"-distribute") == count
	})
	if left := time.Until(instant); left < 500*time.Millisecond {
		r.t.Logf("%s: %s: all were armed only %s before the instant: not a measurement", r.name, prefix, left)
	}
	r.until("all timers", func() bool { return g.count(burst+"-start") == crowd && g.count(steady+"-start") == count })
	g.stop()
	o.burst = g.lastOf(burst+"-start", instant)
	o.p50, o.p99, _ = g.lateness(steady + "-start")
	return o
}

// startLifecycle runs the lifecycle in a process of its own.
func (r *rig) startLifecycle() *proctest.Process {
	r.t.Helper()
	http := net.JoinHostPort("127.0.0.1", strconv.Itoa(proctest.Port(r.t)))
	p := proctest.Start(r.t, proctest.Command{Path: r.binary, Args: []string{
		"run", "--instance-id", "behind", "--http-listen", http, "--brokers", r.brokers[0], "--processors", topics.Lifecycle,
	}})
	if err := p.AwaitHTTP("http://"+http+"/readyz", patience); err != nil {
		r.t.Fatalf("waiting for the lifecycle: %v\n%s", err, p.Report())
	}
	return p
}
