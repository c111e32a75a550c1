package processors

import (
	"github.com/lovoo/goka"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/playlist"
	"github.com/rmn-arms/campaign-engine/topics"
)

// stores makes each device's playlist, sends it until it is there, and notes what devices say.
//
//	reads   store-placements; store-devices; device-acks; its loop (acks that sat in a foreign partition); its own timers
//	owns    per store: how far its inputs were read, its devices, what is due; in parts: campaigns that are placed, and per
//	        device what it was sent and what it has said of it (state/playlist)
//	writes  device-commands; device-departures; readiness-changes; dead-letters
//	replay  what is read again is told by its position and changes nothing; a store that is rebuilt may count other revisions, and
//	        comes to the same playlists
type stores struct {
	told   *told
	traces tracing
}

// storeRows are rows that may wait for an instant. What lies beside them, in parts, does not.
type storeRows struct {
	rowCodec[playlist.Store, *playlist.Store]
}

var _ engine.DatedCodec = storeRows{}

// DueOf implements engine.DatedCodec, as timerRows does.
func (storeRows) DueOf(data []byte) (due instant.Instant, readable bool) {
	var store playlist.Store
	if store.UnmarshalBinary(data) != nil {
		return playlist.Never, false
	}
	return store.NextDue(), true
}

// Stores returns the group graph of the stores.
func Stores(options ...Option) *engine.Graph {
	s := stores{newToldOf("store"), tracingOf(options)}
	acks := s.acks()
	return engine.Define(groupOf(topics.Stores),
		engine.Input(goka.Stream(topics.StorePlacements), PlacementCodec{}, s.onPlacement),
		engine.Input(goka.Stream(topics.StoreDevices), PresenceCodec{}, s.onPresence),
		engine.Input(goka.Stream(topics.DeviceAcks), topics.RawCodec{}, acks.onRecord),
		engine.Loop(topics.LoopCodec{}, acks.onCarried),
		engine.Timers(s.onTimer),
		engine.Output(goka.Stream(topics.DeviceCommands), topics.CommandCodec{}),
		engine.Output(goka.Stream(topics.DeviceDepartures), departures{}),
		engine.Output(goka.Stream(topics.ReadinessChanges), readinessChanges{}),
		engine.Output(goka.Stream(topics.DeadLetters), topics.RefusedCodec{}),
		engine.Persist(storeRows{}),
	)
}

// onPlacement takes a placement into its store.
func (s stores) onPlacement(gctx goka.Context, message any) {
	ctx := engine.From(gctx)
	record := recordOf(ctx, message)
	p, is := message.(*playlist.Placement)
	if !is {
		refuseForeign(ctx, s.traces, record, message)
		return
	}
	record.Value = p.AppendBinary(nil)
	s.take(ctx, record, topics.TraceOf(record.Headers), Placement, func(store *playlist.Store) (playlist.Outcome, error) {
		return store.Place(partsOf(ctx), p, originOf(ctx, record), ctx.Now())
	})
}

// onPresence takes a presence into its store.
func (s stores) onPresence(gctx goka.Context, message any) {
	ctx := engine.From(gctx)
	record := recordOf(ctx, message)
	p, is := message.(*playlist.Presence)
	if !is {
		refuseForeign(ctx, s.traces, record, message)
		return
	}
	record.Value = p.AppendBinary(nil)
	kind := Presence
	if p.Notice {
		kind = Departure
	}
	s.take(ctx, record, topics.TraceOf(record.Headers), kind, func(store *playlist.Store) (playlist.Outcome, error) {
		return store.Attend(partsOf(ctx), p, originOf(ctx, record), ctx.Now())
	})
}

// acks is how device-acks is taken.
func (s stores) acks() carriedInput[topics.AckEvent] {
	return carriedInput[topics.AckEvent]{
		traces: s.traces, decode: topics.DecodeDeviceAck, take: s.hear,
		traceOf: func(e topics.AckEvent) topics.TraceContext { return e.Trace },
	}
}

// hear takes an ack into its store.
func (s stores) hear(ctx engine.Context, record topics.Record, event topics.AckEvent) {
	s.take(ctx, record, event.Trace, Acked, func(store *playlist.Store) (playlist.Outcome, error) {
		ack, named := ackOf(event.Ack)
		if !named {
			return playlist.NeverSent, nil
		}
		return store.Hear(partsOf(ctx), &ack, originOf(ctx, record).Position, ctx.Now())
	})
}

// take changes the store of the callback's key by a record, and counts what became of that under the kind's name.
func (s stores) take(
	ctx engine.Context, record topics.Record, trace topics.TraceContext, kind string,
	change func(*playlist.Store) (playlist.Outcome, error),
) {
	at := s.traces.process(ctx, record, trace)
	store := playlist.New()
	switch value := ctx.Value().(type) {
	case *playlist.Store:
		store = value
	case Unreadable:
		s.told.refuseUnreadable(ctx, record, topics.CampaignEngineStoresTable, at)
		return
	}
	outcome, err := change(store)
	if err != nil {
		s.told.refuseUnreadable(ctx, record, topics.CampaignEngineStoresTable, at)
		return
	}
	if outcome.Changes() {
		ctx.SetValue(store)
	}
	ctx.Count(kind + outcome.String())
	at.became(outcome.String())
}

// onTimer does what a store has to do by itself.
func (s stores) onTimer(gctx goka.Context, _ any) {
	ctx := engine.From(gctx)
	store, exists := stored[playlist.Store](ctx.Value())
	if !exists { // what cannot be read is not due, whatever fired for it
		return
	}
	fired, err := store.Fire(partsOf(ctx), ctx.Key(), ctx.Now())
	if err != nil { // no other store waits for it
		s.told.unreadable(ctx, topics.CampaignEngineStoresTable, refusing)
		store.Postpone(ctx.Now())
	}
	ctx.SetValue(&store)
	s.tell(ctx, &fired)
}

// tell writes commands, departures and changes of readiness.
func (s stores) tell(ctx engine.Context, fired *playlist.Fired) {
	for i := range fired.Commands {
		command := commandEvent(ctx.Key(), &fired.Commands[i])
		name := Commanded
		if command.Data.Attempt > 1 {
			name = Pushed
		}
		ctx.Count(name)
		ctx.Emit(goka.Stream(topics.DeviceCommands), ctx.Key(), &command)
	}
	for i := range fired.Departures {
		ctx.Emit(goka.Stream(topics.DeviceDepartures), fired.Departures[i].DeviceID, &fired.Departures[i])
	}
	for i := range fired.Changes {
		ctx.Count(ReadinessTold)
		ctx.Emit(goka.Stream(topics.ReadinessChanges), fired.Changes[i].CampaignID, &fired.Changes[i].Change)
	}
	for range fired.GivenUp {
		ctx.Count(GivenUp)
	}
}

// originOf says where a record lies and of when it is: of now, where it has no time of its own.
func originOf(ctx engine.Context, record topics.Record) playlist.Origin {
	at := instant.Instant(record.Timestamp)
	if at <= 0 {
		at = ctx.Now()
	}
	return playlist.Origin{Position: playlist.Position{Partition: record.Partition, Offset: record.Offset}, Timestamp: at}
}
