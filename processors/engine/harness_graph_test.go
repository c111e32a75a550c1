package engine_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"github.com/lovoo/goka"
	"github.com/lovoo/goka/codec"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// hooks let a test into the callbacks of the group under test. They run before the callback does its work; nil does
// nothing.
type hooks struct {
	// setting is called with each setting that has come to its own partition.
	setting func(ctx engine.Context, value string)
	// timer is called before an alarm rings, rung after it has been emitted and its row was written.
	timer, rung func(ctx engine.Context, due instant.Instant)
	// echo emits each setting as well.
	echo bool
}

// alarms is the group under test: a setting arms the row of its key, a due row rings once.
func alarms(h hooks) *goka.GroupGraph {
	return goka.DefineGroup(testGroup,
		goka.Input(testInput, new(codec.Bytes), h.onInput),
		goka.Loop(new(codec.Bytes), func(ctx goka.Context, message any) { h.onSetting(engine.From(ctx), message) }),
		engine.OnTimer(testGroup, h.onTimer),
		goka.Output(testOutput, new(codec.Bytes)),
		goka.Persist(new(codec.Bytes)),
	)
}

func (h hooks) onInput(ctx goka.Context, message any) {
	if engine.From(ctx).Misplaced() {
		ctx.Loopback(ctx.Key(), message)
		return
	}
	h.onSetting(engine.From(ctx), message)
}

func (h hooks) onSetting(ctx engine.Context, message any) {
	value := string(message.([]byte))
	if h.setting != nil {
		h.setting(ctx, value)
	}
	at, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		ctx.Fail(err)
		return
	}
	if h.echo {
		ctx.Emit(testOutput, ctx.Key(), []byte(echo(ctx.Key(), instant.Instant(at))))
	}
	ctx.SetValue(armed(instant.Instant(at)))
}

func (h hooks) onTimer(ctx goka.Context, message any) {
	due := message.(instant.Instant)
	if h.timer != nil {
		h.timer(engine.From(ctx), due)
	}
	said := ring(ctx.Key(), due)
	if engine.From(ctx).Now() < due {
		said += " early"
	}
	ctx.Emit(testOutput, ctx.Key(), []byte(said))
	ctx.SetValue(rested())
	if h.rung != nil {
		h.rung(engine.From(ctx), due)
	}
}

// ring is what an alarm emits.
func ring(key string, due instant.Instant) string { return fmt.Sprintf("%s@%d", key, due) }

// echo is what a setting emits when it is asked to.
func echo(key string, at instant.Instant) string { return fmt.Sprintf("%s=%d", key, at) }

// armed is the row of an alarm that will ring at an instant, rested that of one that has rung.
func armed(at instant.Instant) []byte { return append(dueAt(at), "row"...) }

func rested() []byte { return armed(math.MaxInt64) }

// dueAt is the beginning of a row that engine.DuePrefix reads.
func dueAt(at instant.Instant) []byte { return binary.BigEndian.AppendUint64(nil, uint64(at)) }
