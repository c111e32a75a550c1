package device

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/player"
	"github.com/rmn-arms/campaign-engine/schemas"
)

// reportMax is how many plays are on their way at once.
const reportMax = 100

// reportPause is how long a device waits after plays or an ack could not be sent.
const reportPause = time.Second

// shown is what is on the screen, by the device's clock.
type shown struct {
	entry         schemas.PlaylistEntry
	started, ends schemas.Instant
	playID        string
}

// show ends what is over or not wanted any more, and starts what may be shown.
func (m *Machine) show(now time.Time) {
	at := m.device(now)
	list := player.Playlist{Entries: m.state.Obeys.Playlist, ValidUntil: m.state.Obeys.ValidUntil}
	if s := m.shown; s != nil {
		switch {
		case at >= s.ends:
			m.end(now, s.ends, journal.EndDone)
		case !player.MayGoOn(list, &s.entry, s.started, s.ends):
			m.end(now, at, journal.EndStopped)
		default:
			return
		}
	}
	d := player.Next(list, m.holds, m.last, at)
	m.idle = d.Wake
	if d.Start != nil {
		m.start(now, at, d.Start)
	}
}

func (m *Machine) holds(sha string) bool {
	_, is := m.held[sha]
	return is
}

func (m *Machine) start(now time.Time, at schemas.Instant, e *schemas.PlaylistEntry) {
	m.shown = &shown{entry: *e, started: at, ends: at + player.Lasts(e), playID: playID(&m.state, m.plays)}
	m.plays++
	m.last = player.PlaceOf(e)
	m.use(e.SHA256)
	late := int64(at - max(e.StartsAt, m.free))
	line := m.shown.line(journal.Started)
	line.LateMs, line.Revision = &late, m.state.Obeys.Revision
	m.note(now, &line)
}

// end takes what is shown off the screen, at an instant of the device's clock, and keeps the play.
func (m *Machine) end(now time.Time, at schemas.Instant, reason string) {
	s := m.shown
	at = max(at, s.started)
	play := schemas.Play{
		PlayID: s.playID, CampaignID: s.entry.CampaignID, CreativeID: s.entry.CreativeID, DeviceID: m.state.DeviceID,
		StoreID: m.state.StoreID, StartedAt: s.started, EndedAt: at, Impressions: impressions(s, at),
	}
	m.hands.KeepPlay(play)
	m.unsent = append(m.unsent, play)
	m.noteEnd(now, reason)
	m.shown, m.free = nil, at
}

func (m *Machine) noteEnd(now time.Time, reason string) {
	line := m.shown.line(journal.Ended)
	line.Reason = reason
	if reason == journal.EndDone {
		late := int64(m.device(now) - m.shown.ends)
		line.LateMs = &late
	}
	m.note(now, &line)
}

func (s *shown) line(event journal.Event) journal.Line {
	return journal.Line{
		Event: event, Campaign: s.entry.CampaignID, Creative: s.entry.CreativeID, PlayID: s.playID, SHA256: s.entry.SHA256,
		StartsAt: &s.entry.StartsAt, EndsAt: &s.entry.EndsAt,
	}
}

// playID is unique among all plays of all lives of all devices: <device>.<born>.<boots>.<number>; where that would be too
// long, a hash stands for the device.
func playID(s *State, number int64) string {
	rest := fmt.Sprintf(".%s.%d.%d", strconv.FormatInt(int64(s.Born), 36), s.Boots, number)
	if len(s.DeviceID)+len(rest) <= schemas.IDMaxChars {
		return s.DeviceID + rest
	}
	sum := sha256.Sum256([]byte(s.DeviceID))
	return hex.EncodeToString(sum[:]) + rest
}

// impressions is whom a play has reached: drawn by its id, between 1.0 and 4.9, and less when it was cut short.
func impressions(s *shown, ended schemas.Instant) string {
	sum := sha256.Sum256([]byte(s.playID))
	tenths := 10 + int64(binary.BigEndian.Uint16(sum[:])%40)
	tenths = tenths * int64(ended-s.started) / max(int64(s.ends-s.started), 1)
	return fmt.Sprintf("%d.%d", tenths/10, tenths%10)
}

// report sends plays, in their order.
func (m *Machine) report(now time.Time) {
	if !m.online || m.reporting > 0 || len(m.unsent) == 0 || now.Before(m.reportAt) {
		return
	}
	m.reporting = min(len(m.unsent), reportMax)
	m.hands.Report(m.unsent[:m.reporting:m.reporting])
}

// Reported says that the plays of the last Report have arrived, or perhaps not: then they are sent again.
func (m *Machine) Reported(now time.Time, arrived bool) {
	if !arrived {
		m.reporting, m.reportAt = 0, now.Add(reportPause)
		m.settle(now)
		return
	}
	m.note(now, &journal.Line{Event: journal.Reported, Count: m.reporting})
	m.unsent, m.reporting = m.unsent[m.reporting:], 0
	if len(m.unsent) == 0 {
		m.unsent = nil
		m.hands.ForgetPlays()
	}
	m.settle(now)
}
