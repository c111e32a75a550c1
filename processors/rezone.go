package processors

import (
	"github.com/rs/zerolog"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/timer"
)

// rezone resolves a campaign's wall-clock times anew when another time zone database than this process's has resolved them, and
// returns what is then due. When dues came, or the row is another one, it is kept.
func (t timers) rezone(ctx engine.Context, row timer.Row) (timer.Row, []timer.Due) {
	next, dues, did := timer.Rezone(row, t.settings.zones(), ctx.Now())
	if !did.Outdated {
		return row, nil
	}
	ctx.SetValue(&next)
	if !did.Moved {
		ctx.Count(Unmoved)
	} else {
		ctx.Count(Rezoned)
	}
	if did.Kept {
		ctx.Count(RezoneKept)
	}
	t.tell(ctx, &row, &next, did)
	return next, dues
}

// tell logs where a window has moved to, and that one could not; of the first campaigns alone, since there may be many.
func (t timers) tell(ctx engine.Context, before, after *timer.Row, did timer.Rezoning) {
	if !did.Moved && !did.Kept {
		return
	}
	first, last := t.rezoned.first(ctx.Key())
	if !first {
		return
	}
	level, text := zerolog.InfoLevel, "the rules of a time zone have changed: a campaign's window moves"
	if did.Kept {
		level, text = zerolog.WarnLevel, "the rules of a time zone have changed, but a campaign's wall-clock time means nothing by "+
			"them: it keeps its instant, and should be updated"
	}
	log := engine.LogOf(ctx)
	log.WithLevel(level).Str("campaign_id", ctx.Key()).Int64("revision", after.Revision).Str("time_zone", after.Wording.Zone).
		Str("tzdb_before", before.Wording.Database).Str("tzdb", after.Wording.Database).
		Time("starts_at_before", before.StartsAt.Time()).Time("starts_at", after.StartsAt.Time()).
		Time("ends_at_before", before.EndsAt.Time()).Time("ends_at", after.EndsAt.Time()).
		Bool("no_more_are_logged", last).Msg(text)
}
