package processors

import (
	"github.com/lovoo/goka"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/device"
	"github.com/rmn-arms/campaign-engine/state/playlist"
	"github.com/rmn-arms/campaign-engine/topics"
)

// devices knows in which store each device is, tells both when it moves, and the new one how high the old one's revisions were.
//
//	reads   device-events, whose keys are stores; its loop (the same records on their way to their devices' partitions);
//	        device-departures
//	owns    per device: its newest registration, removals since, the highest revision that it has left with (state/device)
//	writes  store-devices; dead-letters
//	replay  what is read again is not newer than the newest event, and no higher revision, and changes nothing; dead letters come
//	        again under the same id
type devices struct {
	told   *told
	traces tracing
}

// deviceRows are rows that never wait.
type deviceRows = rowCodec[device.Row, *device.Row]

// Devices returns the group graph of the devices.
func Devices(options ...Option) *engine.Graph {
	d := devices{newToldOf("device"), tracingOf(options)}
	return engine.Define(groupOf(topics.Devices),
		engine.Input(goka.Stream(topics.DeviceEvents), topics.RawCodec{}, d.onRecord),
		engine.Input(goka.Stream(topics.DeviceDepartures), departures{}, d.onDeparture),
		engine.Loop(topics.LoopCodec{}, d.events().onCarried),
		engine.Output(goka.Stream(topics.StoreDevices), PresenceCodec{}),
		engine.Output(goka.Stream(topics.DeadLetters), topics.RefusedCodec{}),
		engine.Persist(deviceRows{}),
	)
}

// events is how device-events is taken.
func (d devices) events() carriedInput[topics.DeviceEvent] {
	return carriedInput[topics.DeviceEvent]{
		traces: d.traces, decode: topics.DecodeDeviceEvent, take: d.place,
		traceOf: func(e topics.DeviceEvent) topics.TraceContext { return e.Trace },
	}
}

// onRecord sends a record on to its device's row: it came under its store's key.
func (d devices) onRecord(gctx goka.Context, message any) {
	ctx := engine.From(gctx)
	record := recordOf(ctx, message)
	if event, read := d.events().read(ctx, record); read {
		ctx.Count(Carried)
		ctx.Loopback(event.DeviceID(), &record)
	}
}

// place takes an event into its device's row, and tells the stores whom it concerns.
func (d devices) place(ctx engine.Context, record topics.Record, event topics.DeviceEvent) {
	d.take(ctx, record, d.traces.process(ctx, record, event.Trace), func(row *device.Row) (string, bool, []device.Telling) {
		outcome, telling := row.Apply(deviceEvent(&event))
		return deviceOutcomes[outcome], outcome != device.Stale, telling
	})
}

// onDeparture takes in with which revision a store has let a device go.
func (d devices) onDeparture(gctx goka.Context, message any) {
	ctx := engine.From(gctx)
	record := recordOf(ctx, message)
	departure, is := message.(*playlist.Departure)
	if !is {
		refuseForeign(ctx, d.traces, record, message)
		return
	}
	record.Value = departure.AppendBinary(nil)
	at := d.traces.process(ctx, record, topics.TraceOf(record.Headers))
	d.take(ctx, record, at, func(row *device.Row) (string, bool, []device.Telling) {
		risen, telling := row.Depart(departure)
		if !risen {
			return Stale, false, nil
		}
		return Departed, true, telling
	})
}

// take changes the row of the callback's key by a record, counts what became of that, and tells the stores whom it concerns.
func (d devices) take(
	ctx engine.Context, record topics.Record, at hop,
	change func(*device.Row) (outcome string, changed bool, telling []device.Telling),
) {
	value := ctx.Value()
	if _, is := value.(Unreadable); is {
		d.told.refuseUnreadable(ctx, record, topics.CampaignEngineDevicesTable, at)
		return
	}
	row, _ := stored[device.Row](value)
	outcome, changed, telling := change(&row)
	ctx.Count(outcome)
	at.became(outcome)
	if !changed {
		return
	}
	for _, t := range telling {
		ctx.Emit(goka.Stream(topics.StoreDevices), t.StoreID, &t.Presence, carrying(at.context)...)
	}
	ctx.SetValue(&row)
}

// deviceOutcomes are the counters of what becomes of an event.
var deviceOutcomes = map[device.Outcome]string{
	device.Stale: Stale, device.Overruled: Stale, device.Placed: Registered, device.Moved: Moved, device.Removed: Removed,
	device.Elsewhere: Elsewhere,
}
