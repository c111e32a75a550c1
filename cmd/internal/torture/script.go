package torture

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/zone"
)

// input is one record for campaign-events, to be published at an instant (ms).
type input struct {
	at      int64
	key     []byte
	value   []byte
	headers map[string]string
	// foreign puts the record into another partition than the engine's hash does, always the same one for a key.
	foreign bool
	// refused is the reason for which the input is to be refused because its form is broken; empty: it is whole.
	refused schemas.Reason
}

// author makes up campaigns: the same seed and instants give the same inputs.
type author struct {
	random *rand.Rand
	count  int
	// last is the latest instant, of those that are not far, at which a campaign so far waits for something.
	last int64
}

func newAuthor(seed uint64) *author {
	return &author{random: rand.New(rand.NewPCG(seed, 0x10ad))}
}

// The times of a campaign, in ms.
const (
	soonMin, soonMax     = 600, 8_000  // from its creation to its start
	lengthMin, lengthMax = 500, 12_000 // of its window
	graceMaxSeconds      = 3
	farMinDays, farDays  = 1, 300
)

// script is a campaign on its way through its inputs.
type script struct {
	*author
	id       string
	revision int64
	starts   int64
	ends     int64
	zone     string
	worded   bool // its window is told in wall-clock time
	binary   bool // CloudEvents' binary mode
	foreign  bool
	repeats  float64 // how likely an input comes again
	inputs   []input
}

// styles are the lives that campaigns have, each with its share in a hundred.
func styles() []struct {
	share int
	live  func(*script, int64)
} {
	return []struct {
		share int
		live  func(*script, int64)
	}{
		{34, (*script).plain}, {14, (*script).paused}, {12, (*script).movedInTheLastSecond},
		{10, (*script).cancelledInTheLastSecond}, {8, (*script).outOfOrder}, {5, (*script).inConflict},
		{4, (*script).misnamed}, {5, (*script).changedAfterItsEnd}, {4, (*script).far}, {3, (*script).past},
		{1, (*script).neverDefined},
	}
}

// campaign makes up one that begins now, with all its inputs.
func (a *author) campaign(now int64) []input {
	a.count++
	s := &script{
		author: a, id: fmt.Sprintf("c-%06d", a.count), zone: a.oneOf("Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC"),
		worded: a.chance(0.1), binary: a.chance(0.1), foreign: a.chance(0.04),
	}
	if a.chance(0.12) {
		s.repeats = 0.7
	}
	s.starts = now + a.between(soonMin, soonMax)
	if a.chance(0.3) { // many at one instant
		s.starts = (s.starts/1000 + 1) * 1000
	}
	s.ends = s.starts + a.between(lengthMin, lengthMax)
	roll := a.random.IntN(100)
	for _, style := range styles() {
		if roll -= style.share; roll < 0 {
			style.live(s, now)
			break
		}
	}
	return s.inputs
}

func (s *script) plain(now int64) { s.define(now) }

func (s *script) paused(now int64) {
	s.define(now)
	at := s.between(now+50, s.ends)
	for range 1 + s.random.IntN(2) {
		s.change(at, schemas.CampaignPaused)
		at += s.between(20, 3000)
		s.change(at, schemas.CampaignResumed)
		at += s.between(20, 3000)
	}
}

func (s *script) movedInTheLastSecond(now int64) {
	s.define(now)
	for range 1 + s.random.IntN(2) {
		at := max(now+1, s.lastSecond(s.starts))
		if s.chance(0.3) {
			at = max(now+1, s.lastSecond(s.ends))
		}
		s.starts = at + s.between(-200, 3000) // also into the past
		s.ends = max(s.starts, at) + s.between(500, 6000)
		s.define(at)
		now = at
	}
}

func (s *script) cancelledInTheLastSecond(now int64) {
	s.define(now)
	at := s.lastSecond(s.starts)
	if s.chance(0.5) {
		at = s.lastSecond(s.ends)
	}
	s.change(max(now+1, at), schemas.CampaignCancelled)
}

// lastSecond is an instant in the last second before another, mostly close before it.
func (s *script) lastSecond(before int64) int64 {
	if s.chance(0.5) {
		return before - s.random.Int64N(60)
	}
	return before - s.random.Int64N(1000)
}

// outOfOrder publishes newer revisions before older ones.
func (s *script) outOfOrder(now int64) {
	s.define(now)
	s.ends += s.between(0, 3000)
	s.define(now + 100)
	s.inputs[len(s.inputs)-1].at = now + 400 // the older one comes later
	s.ends += s.between(0, 3000)
	s.define(now + 200)
}

func (s *script) inConflict(now int64) {
	s.define(now)
	revision, ends := s.revision, s.ends
	s.revision, s.ends = revision-1, ends+777
	s.define(now + s.between(10, 3000)) // the same revision says something else
	s.revision, s.ends = revision, ends
	s.change(now+3100, schemas.CampaignPaused)
}

// misnamed names another advertiser or currency in an update.
func (s *script) misnamed(now int64) {
	s.define(now)
	s.revision++
	definition := s.definition()
	if s.chance(0.5) {
		definition.AdvertiserID = "another"
	} else {
		definition.Budget.Currency = "GBP"
	}
	s.event(now+s.between(50, 2000), schemas.CampaignUpdated, definition)
}

func (s *script) changedAfterItsEnd(now int64) {
	s.define(now)
	at := s.ends + s.between(1, 1500)
	s.change(at, schemas.Type(s.oneOf(string(schemas.CampaignPaused), string(schemas.CampaignCancelled))))
	s.ends = at + 5000
	s.define(at + s.between(1, 1500))
}

// far waits beyond the run.
func (s *script) far(now int64) {
	s.worded = false // a change of the clocks may lie there
	s.starts = now + s.between(farMinDays, farDays)*24*60*60*1000
	s.ends = s.starts + s.between(lengthMin, lengthMax)*1000
	s.define(now)
	switch s.random.IntN(4) {
	case 0:
		s.change(now+s.between(10, 4000), schemas.CampaignPaused)
	case 1:
		s.starts += 60_000
		s.define(now + s.between(10, 4000))
	case 2:
		s.change(now+s.between(10, 4000), schemas.CampaignCancelled)
	}
}

// past lies in the past, wholly or up to its end.
func (s *script) past(now int64) {
	s.starts = now - s.between(5000, 20_000)
	s.ends = s.starts + s.between(1000, 22_000)
	s.define(now)
}

// neverDefined is changed, but never defined.
func (s *script) neverDefined(now int64) {
	s.change(now, schemas.CampaignPaused)
	s.change(now+500, schemas.CampaignCancelled)
}

// define publishes the campaign as it is now, under the next revision.
func (s *script) define(at int64) {
	s.revision++
	kind := schemas.CampaignUpdated
	if s.revision == 1 && s.chance(0.95) { // an update may be the first that is heard of it
		kind = schemas.CampaignCreated
	}
	s.event(at, kind, s.definition())
	if far := s.starts - at; far < 24*60*60*1000 {
		s.last = max(s.last, at, s.ends+graceMaxSeconds*1000)
	}
}

func (s *script) definition() schemas.Definition {
	d := schemas.Definition{
		CampaignID: s.id, Revision: s.revision, AdvertiserID: "a-" + s.id, Name: fmt.Sprintf("%s as of %d", s.id, s.revision),
		TimeZone: s.zone, Budget: schemas.Money{Amount: "500.00", Currency: "USD"}, CPM: "2.50", Stores: []string{"s-1", "s-2"},
		Contacts: []schemas.Contact{{Email: "desk@example.com"}},
	}
	starts, ends := schemas.Instant(s.starts), schemas.Instant(s.ends)
	if z, err := zone.Load(s.zone); s.worded && err == nil {
		d.StartsAtLocal = z.LocalAt(instant.Instant(s.starts)).String()
		d.EndsAtLocal = z.LocalAt(instant.Instant(s.ends)).String()
	} else {
		d.StartsAt, d.EndsAt = &starts, &ends
	}
	if s.random.IntN(3) == 0 {
		grace := s.random.Int64N(graceMaxSeconds)
		d.SettlementGraceSeconds = &grace
	}
	return d
}

// change publishes an operator's change under the next revision.
func (s *script) change(at int64, kind schemas.Type) {
	s.revision++
	s.event(at, kind, schemas.Change{CampaignID: s.id, Revision: s.revision, Reason: "torture"})
	s.last = max(s.last, at+graceMaxSeconds*1000)
}

// event adds an input, and perhaps the same again, soon or late, as it is or with other white space.
func (s *script) event(at int64, kind schemas.Type, data any) {
	in := s.input(at, kind, data)
	s.inputs = append(s.inputs, in)
	for s.chance(s.repeats) {
		again := in
		again.at += s.between(0, 4000)
		if s.chance(0.3) {
			again.value = spaced(in.value)
		}
		s.inputs = append(s.inputs, again)
	}
}

func (s *script) input(at int64, kind schemas.Type, data any) input {
	id := fmt.Sprintf("%s-%d", s.id, s.revision)
	in := input{at: at, key: []byte(s.id), foreign: s.foreign}
	if s.binary {
		in.value = encoded(data)
		in.headers = map[string]string{
			"ce_specversion": schemas.SpecVersion, "ce_id": id, "ce_source": "torture", "ce_type": string(kind),
			"ce_subject": s.id, "content-type": schemas.DataContentType,
		}
		return in
	}
	in.value = encoded(schemas.RawEvent{
		SpecVersion: schemas.SpecVersion, ID: id, Source: "torture", Type: kind, Subject: s.id, Data: encoded(data),
	})
	return in
}

func encoded(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // plain structs do not fail
	}
	return text
}

func spaced(text []byte) []byte {
	var out bytes.Buffer
	if err := json.Indent(&out, text, "", "  "); err != nil {
		panic(err) // it has just been encoded
	}
	return out.Bytes()
}

func (a *author) chance(p float64) bool { return a.random.Float64() < p }

// between returns a number in [least, most), least where that is empty.
func (a *author) between(least, most int64) int64 {
	if most <= least {
		return least
	}
	return least + a.random.Int64N(most-least)
}

func (a *author) oneOf(texts ...string) string { return texts[a.random.IntN(len(texts))] }
