package processors_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// fact is one due transition with what became of it.
type fact struct {
	due      *schemas.Due
	applied  *schemas.Applied
	rejected *schemas.Rejected
}

// account is what was heard under one key, in its order.
type account struct {
	facts   []*fact
	settled []settled
	refused []*schemas.Refused
}

// chapter is what was heard between two expectations.
type chapter struct {
	accounts map[string]*account
	// counted are the counters that no record shows, as far as they have grown.
	counted map[string]int
	// plays are those of budgets; begun says that the chapter began with a start.
	plays map[string]int
	begun bool
}

func newChapter() *chapter {
	return &chapter{accounts: make(map[string]*account), counted: make(map[string]int), plays: make(map[string]int)}
}

func (c *chapter) under(key string) *account {
	if c.accounts[key] == nil {
		c.accounts[key] = &account{}
	}
	return c.accounts[key]
}

// unseen are the counters that no record shows.
var unseen = [...]string{
	processors.Carried, processors.Duplicates, processors.Stale, processors.Unmoved, processors.RezoneKept,
}

// toldLine is one fact as a script tells it, in two columns; key is what it is about, where it is about one.
type toldLine struct{ key, left, right string }

// told renders all facts, by key and within a key in their order.
func (c *chapter) told() []toldLine {
	var lines []toldLine
	for _, key := range slices.Sorted(maps.Keys(c.accounts)) {
		for _, f := range c.accounts[key].facts {
			lines = append(lines, toldLine{key, strings.TrimPrefix(f.due.TransitionID, f.due.CampaignID), f.told()})
		}
		for _, s := range c.accounts[key].settled {
			lines = append(lines, toldLine{key, strings.TrimPrefix(s.id, key), s.text})
		}
		for _, refused := range c.accounts[key].refused {
			lines = append(lines, toldLine{key, "refused", fmt.Sprintf("%s %q", refused.Reason, refused.Detail)})
		}
	}
	for _, name := range unseen {
		if count := c.counted[name]; count > 0 {
			lines = append(lines, toldLine{"", "counted", fmt.Sprintf("%s %d", name, count)})
		}
	}
	if plays := c.toldPlays(); plays != "" {
		lines = append(lines, toldLine{"", "plays", plays})
	}
	return lines
}

// columns returns the line as it stands in a script.
func (l toldLine) columns() [2]string {
	switch l.left {
	case "refused":
		return [2]string{l.left, toldKey(l.key) + " " + l.right}
	case "counted", "plays":
		return [2]string{l.left, l.right}
	}
	return [2]string{l.key + l.left, l.right}
}

// summary renders how often each line occurs when its key is left out, and a checksum of all of them in full.
func summary(lines []toldLine) [][2]string {
	var order []toldLine
	counts := make(map[toldLine]int)
	digest := sha256.New()
	for _, each := range lines {
		full := each.columns()
		fmt.Fprintln(digest, full[0], full[1])
		each.key = "*"
		if counts[each] == 0 {
			order = append(order, each)
		}
		counts[each]++
	}
	var out [][2]string
	for _, each := range order {
		columns := each.columns()
		columns[0] = fmt.Sprintf("%d x %s", counts[each], columns[0])
		out = append(out, columns)
	}
	if len(out) == 0 {
		return nil
	}
	return append(out, [2]string{"checksum", fmt.Sprintf("%x", digest.Sum(nil)[:8])})
}

// told renders a fact behind its transition id.
func (f *fact) told() string {
	words := []string{toldTimes(f.due)}
	window := ""
	if placed, err := topics.DecodePlaced(f.due.Campaign); f.due.Campaign != nil && err == nil {
		window = toldWindow(placed)
		words = append(words, "window "+window)
	}
	if to := f.due.Window; to != nil {
		window = toldWindow(schemas.Placed{StartsAt: to.StartsAt, EndsAt: to.EndsAt})
		words = append(words, "window "+window+" by "+to.TZDB)
	}
	if f.due.ChangeReason != "" {
		words = append(words, "reason "+inJSON(f.due.ChangeReason))
	}
	switch {
	case f.applied != nil:
		words = append(words, toldApplied(f.applied, window))
	case f.rejected != nil:
		words = append(words, fmt.Sprintf("rejected %s while %s", f.rejected.Reason, f.rejected.Status))
	default:
		words = append(words, "unanswered")
	}
	return strings.Join(words, "  ")
}

// toldTimes says "at" when a due was decided at the very instant for which it was scheduled.
func toldTimes(due *schemas.Due) string {
	if due.ScheduledFor == due.DecidedAt && due.LatenessMs == 0 {
		return "at " + toldInstant(due.DecidedAt)
	}
	return fmt.Sprintf("for %s decided %s late %s", toldInstant(due.ScheduledFor), toldInstant(due.DecidedAt),
		toldMillis(due.LatenessMs))
}

func toldApplied(applied *schemas.Applied, window string) string {
	text := fmt.Sprintf("applied %s -> %s #%d", applied.From, applied.To, applied.Sequence)
	if applied.FirstActive {
		text += " first-active"
	}
	if window == "" { // the due has no definition, so it cannot differ from what is in force
		return text
	}
	placed, err := topics.DecodePlaced(applied.Campaign)
	if inForce := toldWindow(placed); err == nil && inForce != window {
		text += "  in force " + inForce
	}
	return text
}

func toldWindow(placed schemas.Placed) string {
	return toldInstant(placed.StartsAt) + ".." + toldInstant(placed.EndsAt)
}

// keyMaxChars is how much of a key is told.
const keyMaxChars = 40

func toldKey(key string) string {
	switch {
	case key == "":
		return "-"
	case len(key) > keyMaxChars:
		return fmt.Sprintf("%s...(%d bytes)", toldKey(key[:keyMaxChars]), len(key))
	case strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r == '"' || r > '~' }):
		return fmt.Sprintf("%q", key)
	}
	return key
}

// toldInstant leaves milliseconds out that are none.
func toldInstant(at schemas.Instant) string { return strings.Replace(at.String(), ".000Z", "Z", 1) }

// toldMillis leaves minutes and seconds out that are none.
func toldMillis(ms int64) string {
	text := (time.Duration(ms) * time.Millisecond).String()
	text = strings.Replace(text+"$", "m0s$", "m$", 1)
	return strings.TrimSuffix(strings.Replace(text, "h0m$", "h$", 1), "$")
}

// toldCampaign renders the members of a campaign as it is in force, one a line.
func toldCampaign(campaign json.RawMessage) ([]string, error) {
	decoder := json.NewDecoder(bytes.NewReader(campaign))
	if _, err := decoder.Token(); err != nil {
		return nil, fmt.Errorf("reading a campaign: %w", err)
	}
	var lines []string
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, fmt.Errorf("reading a campaign: %w", err)
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, fmt.Errorf("reading a campaign: %w", err)
		}
		lines = append(lines, fmt.Sprintf("%s %s", name, value))
	}
	return lines, nil
}
