package oracle_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// replace replaces a text by another one in the texts that have it.
func replace(texts []string, before, after string) {
	for i := range texts {
		texts[i] = strings.Replace(texts[i], before, after, 1)
	}
}

// planted are mistakes that are planted into what is right, and words of what is to be said of each.
var planted = map[string]struct {
	plant func(*world)
	says  string
}{
	"a spot is shown before its window": {func(w *world) {
		w.journal[6], w.plays[0] = shows(9_000, "play-started", "p1", ""), reported("p1", 9_000, 10_000)
	}, "outside its window"},
	"a spot runs past its window": {func(w *world) {
		w.journal[6], w.plays[0] = shows(ends-500, "play-started", "p1", ""), reported("p1", ends-500, ends+500)
	}, "outside its window"},
	"a spot is shown after the word of a pause": {func(w *world) {
		w.journal[8] = obeys(11_999, "d", 2, 200, "")
		w.journal[9] = shows(12_000, "play-started", "p2", "")
	}, "not in the playlist"},
	"a spot is shown on after the word of a pause": {func(w *world) {
		replace(w.journal, `"reason":"stopped"`, `"reason":"done"`)
	}, "on, after a command without it"},
	"a spot is shown without its content": {func(w *world) { w.journal[2] = "{}" }, "whose content it does not have"},
	"a device's clock is not what it says": {func(w *world) {
		w.journal[0] = line(1, "booted", "d", `,"clock_offset_ms":5000`)
	}, "its clock is"},
	"a device obeys a lower revision":  {func(w *world) { w.journal[11] = obeys(13_000, "d", 0, 100, entry()) }, "obeys revision 100 after"},
	"a device obeys a replayed record": {func(w *world) { w.journal[1] = obeys(2, "d", 6, 100, entry()) }, "an attacker (replay)"},
	"a device obeys a forged record": {func(w *world) {
		w.journal = slices.Insert(w.journal, 13, obeys(13_600, "d", 7, 900, entry()))
	}, "an attacker (borrowed)"},
	"a device obeys what nobody has sent":      {func(w *world) { w.journal[1] = obeys(2, "d", 77, 100, entry()) }, "no command of the engine"},
	"a device obeys another playlist":          {func(w *world) { w.journal[1] = obeys(2, "d", 0, 100, entry()+","+entry()) }, "where"},
	"a device forgets what it obeys":           {func(w *world) { w.journal[8] = line(12_000, "booted", "d", "") }, "boots with revision 0"},
	"a device lacks a content in the end":      {func(w *world) { replace(w.journal, `"cache":`, `"cached":`) }, "without 1 contents"},
	"a device has obeyed an old one last":      {func(w *world) { w.journal[11], w.journal[12] = "{}", "{}" }, "it has obeyed 200 last"},
	"a device that left has a playlist":        {func(w *world) { w.commands, w.routed = drop(w.commands, 3), drop(w.routed, 3) }, "its device is there no more"},
	"a command has a lower revision":           {func(w *world) { w.rename("d/200", "d/50", 200, 50) }, "it comes after revision 100"},
	"an old store has the higher revision":     {func(w *world) { w.moved = append(w.moved, moves("r", 300)) }, "not above command m/300/1 of r"},
	"an old store's revision is topped by its": {func(w *world) { w.moved = append(w.moved, moves("r", 300), moves("r", 301)) }, "not above"},
	"a new store has the same revision": {func(w *world) {
		w.moved = []string{moves("r", 200), moves("t", 200)}
	}, "it has the revision of"},
	"a device is back under a lower revision": {func(w *world) {
		w.devices = append(w.devices, event("device.registered", "m3", 3, `"device_id":"m","store_id":"r"`))
		w.moved = append(w.moved, moves("r", 150))
	}, "not above command m/200/1 of t"},
	"a push has another playlist":           {func(w *world) { w.recommand(5, command("d", 300, 2, "")) }, "attempt 1 of its revision"},
	"a new revision begins with attempt 2":  {func(w *world) { w.recommand(2, command("d", 200, 2, "")) }, "a new revision comes with attempt 2"},
	"a paused campaign comes back too late": {func(w *world) { w.recommand(4, command("d", 300, 1, "")); w.recommand(5, command("d", 300, 2, "")) }, "it is the last one and has"},
	"a command has what is not wanted": {func(w *world) {
		w.recommand(2, command("d", 200, 1, strings.Replace(entry(), `"cr"`, `"cr-2"`, 1)))
	}, "nothing since sequence"},
	"a command has what was overtaken": {func(w *world) {
		w.applied = w.applied[:4]
		w.events = append(w.events, event("campaign.paused", "e2", 0, `"campaign_id":"c","revision":2`))
	}, "nothing since sequence 4 explains"},
	"a cancelled campaign is not": {func(w *world) {
		w.events = append(w.events, event("campaign.cancelled", "e2", 0, `"campaign_id":"c","revision":2`))
	}, "it was cancelled"},
	"what is in force is old": {func(w *world) {
		w.events = append(w.events, event("campaign.updated", "e2", 0, strings.Replace(strings.Replace(definition(), `"revision":1`, `"revision":2`, 1),
			`["s"]`, `["s","s-2"]`, 1)))
	}, "not what was asked for"},
	"a command is not routed":           {func(w *world) { w.routed[0] = strings.Replace(w.routed[0], `"d/100"`, `"d/101"`, 1) }, "topic 0 times"},
	"a command is routed twice":         {func(w *world) { w.routed = append(w.routed, w.commands[5]) }, "topic 2 times"},
	"a command is routed and changed":   {func(w *world) { w.routed[4] += " " }, "no record of device-commands"},
	"a command is routed out of order":  {func(w *world) { w.routed[2], w.routed[4] = w.routed[4], w.routed[2] }, "comes after"},
	"a command is not signed":           {func(w *world) { w.headers[4] = "" }, "its signature is not right: it is not detached"},
	"a command has another's signature": {func(w *world) { w.headers[4] = w.signed(w.commands[0]) }, "it is of something else"},
	"the key is not served":             {func(w *world) { w.keys = strings.Replace(w.keys, `"k"`, `"other"`, 1) }, `its key is "k"`},
	"at_start changes": {func(w *world) {
		w.readiness[2] = readiness(1, 1, `,"at_start":{"devices_ready":1,"devices_total":2}`)
	}, "at its start there were"},
	"at_start is lost":     {func(w *world) { w.readiness[2] = readiness(1, 1, "") }, "at its start there were"},
	"at_start never comes": {func(w *world) { replace(w.readiness, `,"at_start"`, `,"start"`) }, "its readiness has the start: false"},
	"readiness counts who left": {func(w *world) {
		replace(w.readiness, `"devices_total":1,"devices_ready":1`, `"devices_total":2,"devices_ready":2`)
	}, "its readiness says 2 of 2"},
	"readiness is of an old one":  {func(w *world) { replace(w.readiness, `"revision":1`, `"revision":0`) }, "its readiness is of revision 0"},
	"a play was never shown":      {func(w *world) { w.plays = append(w.plays, reported("p3", 11_000, 12_000)) }, "nobody has shown it"},
	"a play was shown at another": {func(w *world) { w.plays[0] = reported("p1", 11_001, 12_000) }, "shown was"},
	"a play ends past its spot":   {func(w *world) { w.plays[0] = reported("p1", 11_000, 12_001) }, "shown was"},
	"a play is lost":              {func(w *world) { w.plays = w.plays[1:] }, "1 of its plays were never reported"},
}

// TestPlanted plants one mistake each into what is right: the oracle must see it, and say so in words of this kind.
func TestPlanted(t *testing.T) {
	if err := good().judge(); err != nil {
		t.Fatalf("what is right: %v", err)
	}
	for name, c := range planted {
		w := good()
		c.plant(w)
		if err := w.judge(); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: the oracle says %v; want it to say %q", name, err, c.says)
		}
	}
}

// TestTopped: a new store's revision that is not above those of the old one is no mistake when a higher one follows.
func TestTopped(t *testing.T) {
	back := event("device.registered", "m3", 3, `"device_id":"m","store_id":"r"`)
	for name, c := range map[string]struct {
		moved, devices []string
		topped         int
	}{
		"higher from the first on":    {moved: []string{moves("r", 100), moves("t", 200)}},
		"lower, and topped":           {moved: []string{moves("r", 100), moves("t", 200), moves("r", 300), moves("t", 301)}, topped: 1},
		"lower twice, and topped":     {moved: []string{moves("r", 300), moves("t", 200), moves("t", 250), moves("t", 301)}, topped: 2},
		"the same, and topped":        {moved: []string{moves("r", 300), moves("t", 300), moves("t", 301)}, topped: 1},
		"back, and higher":            {moved: []string{moves("r", 100), moves("t", 200), moves("r", 201)}, devices: []string{back}},
		"back, and topped":            {moved: []string{moves("r", 100), moves("t", 200), moves("r", 150), moves("r", 201)}, devices: []string{back}},
		"moved before it was sent to": {moved: []string{moves("t", 200)}},
	} {
		w := good()
		w.moved, w.devices = c.moved, append(w.devices, c.devices...)
		b, err := w.book()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := b.Judge(true); err != nil || b.Counts.Topped != c.topped {
			t.Errorf("%s: %v, and %d topped; want %d", name, err, b.Counts.Topped, c.topped)
		}
	}
}

func drop(texts []string, i int) []string { return slices.Delete(slices.Clone(texts), i, i+1) }

// recommand has another command stand at a place, everywhere.
func (w *world) recommand(i int, value string) { w.commands[i], w.routed[i] = value, value }

// rename gives a command another revision, everywhere.
func (w *world) rename(before, after string, from, to int) {
	for _, texts := range [][]string{w.commands, w.routed, w.journal} {
		replace(texts, fmt.Sprintf(`"%s/1"`, before), fmt.Sprintf(`"%s/1"`, after))
		replace(texts, fmt.Sprintf(`"command_id":"%s"`, before), fmt.Sprintf(`"command_id":"%s"`, after))
		replace(texts, fmt.Sprintf(`"playlist_revision":%d`, from), fmt.Sprintf(`"playlist_revision":%d`, to))
	}
}

// TestUnsettled: what is not yet as it is to be is no mistake, and is waited for.
func TestUnsettled(t *testing.T) {
	for name, c := range map[string]struct {
		plant func(*world)
		now   int
		says  string
	}{
		"settled":               {func(*world) {}, 20_000, ""},
		"a window is over":      {func(*world) {}, ends + 1, "is ACTIVE still"},
		"a command is awaited":  {func(w *world) { w.journal[11], w.journal[12] = "{}", "{}" }, 20_000, "d in s has 0 entries"},
		"a content is awaited":  {func(w *world) { w.journal[2] = "{}" }, 20_000, "and 0 contents"},
		"a removal is awaited":  {func(w *world) { w.journal[5] = "{}" }, 20_000, "e in s is there no more"},
		"readiness is awaited":  {func(w *world) { w.readiness = w.readiness[:2] }, 20_000, "its readiness says 2 of 2"},
		"a device was wiped":    {func(w *world) { w.journal[12] = line(13_500, "off", "d", `,"reason":"wiped"`) }, 20_000, "d in s has 0 entries"},
		"a content was evicted": {func(w *world) { w.journal[12] = line(13_500, "evicted", "d", fmt.Sprintf(`,"sha256":%q`, sha("a"))) }, 20_000, "and 0 contents"},
	} {
		w := good()
		c.plant(w)
		b, err := w.book()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		err = b.Unsettled(begin.Add(time.Duration(c.now) * time.Millisecond))
		if err == nil != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want %q", name, err, c.says)
		}
	}
}
