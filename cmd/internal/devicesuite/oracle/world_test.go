package oracle_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/devicesuite/oracle"
)

// world is what topics and a journal say of device d in store s, with campaign c placed, paused, resumed; and of device e, which
// was removed. An attacker has put an old command and a forged one into the store's topic. Device m has moved from store r to t.
type world struct {
	events, applied, devices, commands, routed, plays, readiness, journal []string
	moved                                                                 []string // commands to m, which are routed as well
	keys                                                                  string
	signed                                                                func(value string) string // the header jws
	headers                                                               map[int]string            // by offset, where it is not signed
}

// begin is when everything begins; at is some ms later.
var begin = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)

func at(ms int) string {
	return begin.Add(time.Duration(ms) * time.Millisecond).Format("2006-01-02T15:04:05.000Z")
}

func sha(letter string) string { return strings.Repeat(letter, 64) }

func creative(id, letter string) string {
	return fmt.Sprintf(`"creative_id":%q,"version":1,"url":"http://x/%s","sha256":%q,"bytes":10,"mime":"video/mp4","duration_ms":1000`,
		id, id, sha(letter))
}

// The windows of c: from 10 s on, for an hour.
const (
	starts = 10_000
	ends   = 3_610_000
)

func definition() string {
	return fmt.Sprintf(`"campaign_id":"c","revision":1,"starts_at":%q,"ends_at":%q,"stores":["s"],"creatives":[{%s}]`, at(starts), at(ends),
		creative("cr", "a"))
}

func event(what, id string, ms int, data string) string {
	return fmt.Sprintf(`{"id":%q,"type":%q,"time":%q,"data":{%s}}`, id, what, at(ms), data)
}

func transition(sequence int, name, to, more string) string {
	return event("transition.applied", name, 0, fmt.Sprintf(`"sequence":%d,"revision":1,"transition":%q,"to":%q%s,"campaign":{%s}`,
		sequence, name, to, more, definition()))
}

func entry() string {
	return fmt.Sprintf(`{"campaign_id":"c",%s,"starts_at":%q,"ends_at":%q}`, creative("cr", "a"), at(starts), at(ends))
}

// command of a device; an empty playlist is valid for 7 days.
func command(device string, revision, attempt int, playlist string) string {
	valid := at(ends)
	if playlist == "" {
		valid = at(7 * 24 * 3_600_000)
	}
	id := fmt.Sprintf("%s/%d", device, revision)
	return event("device.command", fmt.Sprintf("%s/%d", id, attempt), 0, fmt.Sprintf(`"command_id":%q,"device_id":%q,"store_id":"s",`+
		`"playlist_revision":%d,"attempt":%d,"valid_until":%q,"playlist":[%s]`, id, device, revision, attempt, valid, playlist))
}

// moves is a command without entries to m.
func moves(store string, revision int) string {
	return strings.ReplaceAll(command("m", revision, 1, ""), `"store_id":"s"`, fmt.Sprintf(`"store_id":%q`, store))
}

func line(ms int, what, device, more string) string {
	return fmt.Sprintf(`{"at":%q,"event":%q,"device":%q,"store":"s","device_at":%q%s}`, at(ms), what, device, at(ms), more)
}

func obeys(ms int, device string, offset, revision int, playlist string) string {
	return line(ms, "obeyed", device, fmt.Sprintf(`,"playlist_revision":%d,"attempt":1,"offset":%d,"playlist":[%s]`, revision, offset, playlist))
}

func shows(ms int, what, play, more string) string {
	return line(ms, what, "d", fmt.Sprintf(`,"campaign_id":"c","creative_id":"cr","play_id":%q,"sha256":%q,"starts_at":%q,"ends_at":%q%s`,
		play, sha("a"), at(starts), at(ends), more))
}

func reported(id string, from, to int) string {
	return event("play.reported", id, to, fmt.Sprintf(`"play_id":%q,"campaign_id":"c","creative_id":"cr","device_id":"d","store_id":"s",`+
		`"started_at":%q,"ended_at":%q`, id, at(from), at(to)))
}

func readiness(total, ready int, more string) string {
	return event("campaign.readiness", "r", 0, fmt.Sprintf(`"campaign_id":"c","revision":1,"devices_total":%d,"devices_ready":%d,"unready":[],`+
		`"unready_total":0%s`, total, ready, more))
}

func good() *world {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		panic(err)
	}
	base := base64.RawURLEncoding
	w := &world{
		keys: fmt.Sprintf(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":%q}]}`, base.EncodeToString(public)),
		signed: func(value string) string {
			header := base.EncodeToString([]byte(`{"alg":"EdDSA","kid":"k"}`))
			return header + ".." + base.EncodeToString(ed25519.Sign(private, []byte(header+"."+base.EncodeToString([]byte(value)))))
		},
		headers: map[int]string{},
	}
	w.events = []string{event("campaign.created", "e", 0, definition())}
	w.applied = []string{
		transition(1, "schedule", "SCHEDULED", ""), transition(2, "distribute", "SCHEDULED", ""),
		transition(3, "start", "ACTIVE", `,"first_active":true`), transition(4, "pause", "PAUSED", ""), transition(5, "resume", "ACTIVE", ""),
	}
	w.devices = []string{
		event("device.registered", "d1", 1, `"device_id":"d","store_id":"s"`), event("device.registered", "e1", 1, `"device_id":"e","store_id":"s"`),
		event("device.removed", "e2", 5, `"device_id":"e","store_id":"s"`),
		event("device.registered", "m1", 1, `"device_id":"m","store_id":"r"`), event("device.registered", "m2", 2, `"device_id":"m","store_id":"t"`),
	}
	w.moved = []string{moves("r", 100), moves("t", 200)}
	w.commands = []string{
		command("d", 100, 1, entry()), command("e", 100, 1, entry()), command("d", 200, 1, ""), command("e", 101, 1, ""),
		command("d", 300, 1, entry()), command("d", 300, 2, entry()),
	}
	forged := strings.Replace(command("d", 900, 1, entry()), `"creative_id":"cr"`, `"creative_id":"evil"`, 1)
	w.routed = append(append([]string{}, w.commands...), w.commands[0], forged)
	w.headers[7] = w.signed(w.commands[0])
	w.readiness = []string{
		readiness(2, 2, ""), readiness(2, 2, `,"at_start":{"devices_ready":2,"devices_total":2}`),
		readiness(1, 1, `,"at_start":{"devices_ready":2,"devices_total":2}`),
	}
	w.plays = []string{reported("p1", 11_000, 12_000), reported("p2", 12_000, 12_400), reported("p2", 12_000, 12_400)}
	w.journal = []string{
		line(1, "booted", "d", ""), obeys(2, "d", 0, 100, entry()), line(3, "cached", "d", fmt.Sprintf(`,"sha256":%q`, sha("a"))),
		line(1, "booted", "e", ""), obeys(2, "e", 1, 100, entry()), obeys(6, "e", 3, 101, ""),
		shows(11_000, "play-started", "p1", ""), shows(12_000, "play-ended", "p1", `,"reason":"done"`),
		shows(12_000, "play-started", "p2", ""), obeys(12_400, "d", 2, 200, ""), shows(12_400, "play-ended", "p2", `,"reason":"stopped"`),
		obeys(13_000, "d", 4, 300, entry()), line(13_500, "repeated", "d", `,"playlist_revision":300,"attempt":2,"offset":5`),
		`{"event":"attack","device":"d","store":"s","reason":"replay","offset":6}`,
		`{"event":"attack","device":"d","store":"s","reason":"borrowed","offset":7}`,
		line(14_000, "refused", "d", `,"reason":"older-revision"`), line(14_000, "refused", "d", `,"reason":"bad-signature"`),
		line(15_000, "final", "d", fmt.Sprintf(`,"playlist_revision":300,"cache":[%q]`, sha("a"))),
		line(15_000, "final", "e", `,"playlist_revision":101`),
	}
	return w
}

func keyOf(value string) string {
	if strings.Contains(value, `"device_id":"e"`) {
		return "e"
	}
	return "d"
}

// book reads the world.
func (w *world) book() (*oracle.Book, error) {
	b := oracle.NewBook()
	if err := b.Keys([]byte(w.keys)); err != nil {
		return nil, err
	}
	routed := func(r oracle.Record) error {
		r.Key, r.JWS = keyOf(string(r.Value)), w.signed(string(r.Value))
		if header, is := w.headers[int(r.Offset)]; is {
			r.JWS = header
		}
		return b.Routed("s", r)
	}
	for _, topic := range []struct {
		take    func(oracle.Record) error
		key     string
		records []string
	}{
		{b.CampaignEvent, "c", w.events}, {b.Applied, "c", w.applied}, {b.DeviceEvent, "s", w.devices}, {routed, "", w.routed},
		{b.Command, "s", w.commands}, {b.Play, "c", w.plays}, {b.Readiness, "c", w.readiness},
	} {
		for offset, value := range topic.records {
			r := oracle.Record{Key: topic.key, Offset: int64(offset), At: begin.UnixMilli(), Value: []byte(value)}
			if err := topic.take(r); err != nil {
				return nil, err
			}
		}
	}
	for offset, value := range w.moved {
		store := "r"
		if strings.Contains(value, `"store_id":"t"`) {
			store = "t"
		}
		r := oracle.Record{Key: store, Partition: 1, Offset: int64(offset), At: begin.UnixMilli(), Value: []byte(value)}
		if err := b.Command(r); err != nil {
			return nil, err
		}
		r.Key, r.Partition, r.JWS = "m", 0, w.signed(value)
		if err := b.Routed(store, r); err != nil {
			return nil, err
		}
	}
	for _, l := range w.journal {
		if err := b.Line([]byte(l)); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// judge returns what the oracle says of the world.
func (w *world) judge() error {
	b, err := w.book()
	if err != nil {
		return err
	}
	return b.Judge(true)
}
