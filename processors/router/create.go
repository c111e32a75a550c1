package router

import (
	"context"
	"time"

	"github.com/rmn-arms/campaign-engine/topics"
)

// The pauses between two tries to make topics.
const (
	createRetryMin = 200 * time.Millisecond
	createRetryMax = 10 * time.Second
)

// create makes the topics that the items go to, where they are missing, outside of any transaction. What cannot be made is
// tried again until it can: a command that is not routed is not passed over, and nothing behind it is. Its error says that ctx
// has ended, or that a right of the group is missing: what a broker refuses by topic is granted by prefix, so whoever waits for
// the rights says what is to be granted.
func (m *member) create(ctx context.Context, items []item) error {
	want := m.unknown(items)
	if len(want) == 0 {
		return nil
	}
	r, told := m.router, ""
	for pause := createRetryMin; ; pause = min(2*pause, createRetryMax) {
		r.keepRate(ctx)
		if ctx.Err() != nil {
			return errRevoked
		}
		created, err := topics.NewAdmin(m.side).CreateMissing(ctx, want, topics.DeviceCommands,
			topics.Options{Partitions: 1, Replicas: r.config.Replicas})
		if created > 0 {
			r.createdAt, r.created = r.config.Elapsed(), true
			r.config.Created(created)
		}
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return errRevoked
		}
		r.config.CreationFailed()
		if topics.Unauthorized(err) && r.missingRights(ctx) != nil {
			return err
		}
		r.state.hold(err.Error())
		if text := err.Error(); text != told {
			told = text
			r.config.Log.Error().Err(err).Msg("a store's topic cannot be made: its commands, and those behind them, wait until it can")
		}
		sleep(ctx, pause)
	}
	for _, stream := range want {
		m.known[stream.Name] = true
	}
	r.state.hold("")
	r.at(StepCreated)
	return nil
}

// unknown returns the topics of the items of which nobody knows whether they are there.
func (m *member) unknown(items []item) (want []topics.Stream) {
	named := map[topics.Name]bool{}
	for _, item := range items {
		if item.to == "" || m.known[item.to] || named[item.to] {
			continue
		}
		named[item.to] = true
		stream := topics.StoreStream()
		stream.Name = item.to
		want = append(want, stream)
	}
	return want
}

// keepRate waits until topics may be made again. Where none had to be, nothing is waited for.
func (r *Router) keepRate(ctx context.Context) {
	if r.created {
		sleep(ctx, r.createdAt+r.config.CreateEvery-r.config.Elapsed())
	}
}
