package storesim

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/cache"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/content"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/device"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/link"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// hands do what a unit's machine decides.
type hands struct{ u *unit }

func (h *hands) check(err error) {
	if err != nil {
		h.u.trouble(h.u.world.clock.Now(), err)
	}
}

func (h *hands) Save(s device.State)     { h.check(h.u.disk.write(&s)) }
func (h *hands) KeepPlay(p schemas.Play) { h.check(h.u.outbox.add(&p)) }
func (h *hands) ForgetPlays()            { h.check(h.u.outbox.empty()) }
func (h *hands) Evict(sha256 string)     { h.check(h.u.disk.cache().Evict(sha256)) }
func (h *hands) DropFetch()              { h.u.drop() }
func (h *hands) Note(l journal.Line)     { h.u.world.sink(l) }

func (h *hands) Ack(ack schemas.Ack, number int64) {
	u := h.u
	id := fmt.Sprintf("%s/%s/%d-%d.%d", ack.CommandID, ack.Status, u.born, u.boots, number)
	event := u.world.event(u, id, schemas.DeviceAck, u.storeID)
	done := u.once(func(m *device.Machine, now time.Time, ok bool) { m.Acked(now, ok) })
	link.Send(u.world.sender, topics.DeviceAcks, u.storeID, with(event, ack), func(err error) { done(err == nil) })
}

func (h *hands) Report(plays []schemas.Play) {
	u := h.u
	done := u.once(func(m *device.Machine, now time.Time, ok bool) { m.Reported(now, ok) })
	if u.world.Silent {
		done(true)
		return
	}
	var left, failed atomic.Int64
	left.Store(int64(len(plays)))
	for _, p := range plays {
		event := u.world.event(u, p.PlayID, schemas.PlayReported, p.CampaignID)
		link.Send(u.world.sender, topics.Plays, p.CampaignID, with(event, p), func(err error) {
			if err != nil {
				failed.Add(1)
			}
			if left.Add(-1) == 0 {
				done(failed.Load() == 0)
			}
		})
	}
}

func (h *hands) Fetch(file cache.File, number int64) {
	u := h.u
	u.fetches++
	spoilt := u.world.Faults.Spoils(u.id, u.fetches)
	ctx, cancel := context.WithCancel(u.world.ctx)
	before, ended := u.fetching, make(chan struct{})
	u.drop, u.fetching = cancel, ended
	done := u.fetched(file, number)
	go func() {
		defer cancel()
		<-before
		err := u.world.fetcher.Fetch(ctx, file, u.disk.cache(), content.Link{
			BytesPerSecond: u.speed, DiskFull: u.diskFull.Load, Corrupt: spoilt,
		}, func(from int64) {
			u.world.sink(journal.Line{
				At: schemas.InstantOf(u.world.clock.Now()), Event: journal.Fetching, Device: u.id, Store: u.storeID,
				SHA256: file.SHA256, Bytes: file.Bytes, From: from,
			})
		})
		close(ended)
		done(err)
	}()
}

func (u *unit) fetched(file cache.File, number int64) func(error) {
	m := u.machine
	return func(err error) {
		u.post(func(now time.Time) {
			if u.machine == m {
				m.Fetched(now, number, file, err)
			}
		})
	}
}

func (u *unit) speed() int64 {
	if u.slow.Load() {
		return u.world.SlowBytesPerSecond
	}
	return 0
}

// event returns the envelope of what a device says.
func (w *world) event(u *unit, id string, kind schemas.Type, subject string) schemas.Event[struct{}] {
	at := schemas.InstantOf(w.clock.Now())
	return schemas.Event[struct{}]{
		SpecVersion: schemas.SpecVersion, ID: id, Source: "storesim/" + u.storeID + "/" + u.id, Type: kind, Subject: subject, Time: &at,
		DataContentType: schemas.DataContentType,
	}
}

func with[D any](e schemas.Event[struct{}], data D) schemas.Event[D] {
	return schemas.Event[D]{
		SpecVersion: e.SpecVersion, ID: e.ID, Source: e.Source, Type: e.Type, Subject: e.Subject, Time: e.Time,
		DataContentType: e.DataContentType, Data: data,
	}
}

// sendRegistered tells the registry's topic of a device.
func (w *world) sendRegistered(s *device.State, done func(error)) {
	registered := schemas.Registered{DeviceID: s.DeviceID, StoreID: s.StoreID, TimeZone: w.TimeZone}
	if len(w.MIME) > 0 {
		registered.Capabilities = &schemas.Capabilities{MIME: w.MIME}
	}
	event := schemas.Event[schemas.Registered]{
		SpecVersion: schemas.SpecVersion, ID: s.DeviceID + "/registered/" + strconv.FormatInt(int64(s.Born), 10),
		Source: "storesim/" + s.StoreID, Type: schemas.DeviceRegistered, Subject: s.StoreID, Time: &s.Born,
		DataContentType: schemas.DataContentType, Data: registered,
	}
	link.Send(w.sender, topics.DeviceEvents, s.StoreID, event, done)
}
