package device

import (
	"fmt"
	"slices"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/cache"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
	"github.com/rmn-arms/campaign-engine/schemas"
)

// tell says how far the device is with the command that it obeys, when that is news.
//
// What cannot be had is told when all else is there: first that the device is ready but for these creatives, which makes it
// ready for all other campaigns, then that they have failed.
func (m *Machine) tell(now time.Time) {
	if !m.online || m.state.Obeys.Revision == 0 || now.Before(m.ackAt) {
		return
	}
	m.ackAt = time.Time{}
	missing := m.missing(now)
	failed, why := m.failed(now)
	var say func()
	news := ""
	switch {
	case len(missing) == 0:
		news = string(schemas.AckReady)
		say = func() { m.acknowledge(now, schemas.AckReady, nil, "") }
	case len(failed) < len(missing):
		news = string(schemas.AckDownloading)
		say = func() { m.acknowledge(now, schemas.AckDownloading, missing, "") }
	default:
		news = fmt.Sprint(schemas.AckFailed, why, failed)
		say = func() {
			if m.holdsSome(now) {
				m.acknowledge(now, schemas.AckReady, failed, "")
			}
			m.acknowledge(now, schemas.AckFailed, failed, why)
		}
	}
	if news != m.told {
		m.told = news
		say()
	}
}

// failed returns the creatives that there is no hope for at present, and why the first of them has failed.
func (m *Machine) failed(now time.Time) (creatives []string, why string) {
	creatives = m.creatives(now, func(sha string) bool {
		cause := ""
		if t := m.trials[sha]; t != nil && t.failed() && !m.holds(sha) {
			cause = t.why
		}
		if slices.ContainsFunc(m.plan.NoRoom, func(f cache.File) bool { return f.SHA256 == sha }) {
			cause = cache.ErrDiskFull.Error()
		}
		if why == "" {
			why = cause
		}
		return cause != ""
	})
	return creatives, why
}

func (m *Machine) holdsSome(now time.Time) bool { return len(m.creatives(now, m.holds)) > 0 }

// acknowledge sends an ack, unless the device is offline.
func (m *Machine) acknowledge(now time.Time, status schemas.AckStatus, missing []string, why string) {
	if !m.online {
		return
	}
	at := m.device(now)
	o := &m.state.Obeys
	m.ack++
	m.hands.Ack(schemas.Ack{
		CommandID: schemas.CommandID(m.state.DeviceID, o.Revision), DeviceID: m.state.DeviceID, StoreID: m.state.StoreID,
		PlaylistRevision: o.Revision, Status: status, Missing: missing, Error: why, DeviceTime: &at,
	}, m.ack)
	m.note(now, &journal.Line{
		Event: journal.Acked, Revision: o.Revision, Attempt: o.Attempt, Status: status, Missing: missing, Error: why,
	})
}

// Acked says that an ack has arrived, or perhaps not: then it is told again how far the device is.
func (m *Machine) Acked(now time.Time, arrived bool) {
	if arrived {
		return
	}
	m.told, m.ackAt = "", now.Add(reportPause)
	m.settle(now)
}
