package story

import (
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
	"github.com/rmn-arms/campaign-engine/schemas"
)

// TestNobodyLooksBetweenTwoFilms: a screen on which a film was, and will be in a moment, is not noted as dark, though each screen
// was seen to show one.
func TestNobodyLooksBetweenTwoFilms(t *testing.T) {
	var out strings.Builder
	stage := newStage(&out, Settings{Clock: NewClock(at("22:40"), Rate)}, nil, "")
	begins := func(device string) *journal.Line {
		from, until := schemas.Instant(at("22:40")), schemas.Instant(at("23:00"))
		return &journal.Line{Event: journal.Started, Device: device, Campaign: flash, DeviceAt: &from, StartsAt: &from, EndsAt: &until}
	}
	for _, id := range allScreens() {
		stage.seen.hear(begins(id))
	}
	first := allScreens()[0]
	stage.seen.hear(&journal.Line{Event: journal.Ended, Device: first})
	next := *begins(first)
	go func() {
		select {
		case stage.lines <- next:
		case <-t.Context().Done():
		}
	}()
	if err := stage.look(t.Context(), &step{at: "22:40", until: onScreens(flash, allScreens()), screens: true}); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); strings.Contains(text, "nothing") || strings.Count(text, flash) != len(allScreens()) {
		t.Errorf("it tells %s", text)
	}
	if len(stage.seen.troubles) > 0 {
		t.Errorf("and of trouble: %q", stage.seen.troubles)
	}
}
