package main

import (
	"testing"

	"github.com/rmn-arms/campaign-engine/cmd/internal/embed"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

// TestTheEnginesClockThatIsDriven: what is reckoned from now is reckoned by it, and it is said by which clock it is.
func TestTheEnginesClockThatIsDriven(t *testing.T) {
	k := several(t)
	started(t, k)
	own := "Now          2026-12-05T17:30:00.000Z  by this machine's clock\n"
	run(t, k, "", "show", "c-1").check(t, exitClean, own)
	run(t, k, "", "list").check(t, exitClean, "NAME  (it is 2026-12-05T17:30:00.000Z by this machine's clock)\n")
	driven := hour(-24 * 30)
	embed.TellClock(k, func() instant.Instant { return driven })
	for range 2 { // it is told as often as somebody asks
		run(t, k, "", "list").check(t, exitClean, "NAME  (it is 2026-11-05T17:30:00.000Z by the engine's clock, which is driven)\n")
	}
	run(t, k, "", "list").check(t, exitClean, "c-soon    ACTIVE           end   2026-12-05T18:30:00.000Z  2026-12-05 13:30:00 -05:00 EST  in 30 d 1 h")
	for _, command := range []string{"show", "timeline"} {
		got := run(t, k, "", command, "c-1")
		for _, says := range []string{
			"Now          2026-11-05T17:30:00.000Z  by the engine's clock, which is driven\n", "2026-12-08 00:00:00 -05:00 EST  in 32 d 11 h\n",
			"published 2026-12-05T17:30:00.000Z by its producer's clock\n",
		} {
			got.check(t, exitClean, says)
		}
	}
}

// TestRefusalsAreDatedByTheEngine, as is all else that timeline shows: producers have other clocks.
func TestRefusalsAreDatedByTheEngine(t *testing.T) {
	k := cluster(t)
	started(t, k)
	refused := topics.RefusedEvent(topics.Record{Topic: string(topics.CampaignEvents), Key: []byte("c-1"), Timestamp: 1}, &topics.Refusal{
		Reason: "malformed", Detail: "value: must not be missing",
	})
	value, err := topics.RefusedCodec{}.Encode(refused)
	if err != nil {
		t.Fatal(err)
	}
	letter := record(topics.DeadLetters, "c-1", value)
	letter.Timestamp = hour(5).Time()
	put(t, k, letter)
	run(t, k, "", "timeline", "c-1").check(t, exitClean, "malformed  2026-12-05T22:30:00.000Z  campaign-events/0/0")
}
