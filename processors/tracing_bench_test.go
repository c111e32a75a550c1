package processors

import (
	"fmt"
	"testing"
	"time"

	"github.com/lovoo/goka"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

// callback is engine.Context under a name that does not hide its method Context.
type callback = engine.Context

// idle is a callback's context in which nothing but the callback costs something.
type idle struct {
	callback
	now     instant.Instant
	headers goka.Headers
	row     any
}

func (*idle) Key() string                                          { return "c-1" }
func (*idle) Topic() goka.Stream                                   { return goka.Stream(topics.CampaignEvents) }
func (*idle) Group() goka.Group                                    { return "g" }
func (*idle) Partition() int32                                     { return 0 }
func (*idle) Offset() int64                                        { return 0 }
func (*idle) Timestamp() time.Time                                 { return time.Time{} }
func (*idle) Misplaced() bool                                      { return false }
func (*idle) CatchingUp() bool                                     { return false }
func (*idle) Count(string)                                         {}
func (*idle) CountSince(string, instant.Instant)                   {}
func (c *idle) Now() instant.Instant                               { return c.now }
func (c *idle) Headers() goka.Headers                              { return c.headers }
func (c *idle) Value() any                                         { return c.row }
func (c *idle) SetValue(row any, _ ...goka.ContextOption)          { c.row = row }
func (*idle) Emit(goka.Stream, string, any, ...goka.ContextOption) {}

// BenchmarkEvent is a definition that is taken and becomes due, and then its start: without a trace, with one that is passed
// on, and with spans.
func BenchmarkEvent(b *testing.B) {
	value := topics.Raw(fmt.Sprintf(`{"specversion":"1.0","id":"e","source":"s","type":"campaign.created","data":{"campaign_id":"c-1",` +
		`"revision":1,"advertiser_id":"a-1","starts_at":"2026-12-01T10:00:00Z","ends_at":"2026-12-01T18:00:00Z","time_zone":"UTC",` +
		`"budget":{"amount":"1.00","currency":"USD"}}}`))
	starts := instant.Of(time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC))
	traced := goka.Headers{"traceparent": []byte("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")}
	for _, c := range []struct {
		name    string
		headers goka.Headers
		options []Option
	}{
		{"without", goka.Headers{}, nil},
		{"passed on", traced, nil},
		{"spans", traced, []Option{WithTracer(sdktrace.NewTracerProvider().Tracer("bench"))}},
	} {
		b.Run(c.name, func(b *testing.B) {
			t := timers{Settings{}, newTold(), newTold(), tracingOf(c.options)}
			events := t.events()
			b.ReportAllocs()
			for b.Loop() {
				ctx := &idle{now: starts - 1, headers: c.headers}
				events.onRecord(ctx, value)
				ctx.now = starts
				t.onTimer(ctx, starts)
			}
		})
	}
}
