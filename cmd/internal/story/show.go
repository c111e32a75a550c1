package story

import (
	"fmt"

	"github.com/rmn-arms/campaign-engine/cmd/internal/statement"
	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/schemas"
)

// show shows what has come of it, as campaignctl does.
func (t *stage) show() error {
	now := timeline.Moment{At: schemas.Instant(t.Clock.Now()), Driven: true}
	for _, b := range bookings() {
		t.say("\n== campaignctl timeline %s\n", b.id)
		story, _ := t.seen.campaigns[b.id].story.Timeline()
		if err := story.Write(t.out, now, t.Colour); err != nil {
			return fmt.Errorf("showing %s: %w", b.id, err)
		}
	}
	for _, b := range bookings() {
		t.say("\n== campaignctl statement %s\n", b.id)
		shown, err := t.seen.campaigns[b.id].sums.Statement(statement.Newest)
		if err != nil {
			t.say("there is none: %s", err)
			continue
		}
		if err := shown.Write(t.out, t.Colour); err != nil {
			return fmt.Errorf("showing %s: %w", b.id, err)
		}
	}
	if t.wallet != nil {
		t.say("\n== campaignctl wallet %s\n", advertiser)
		return t.wallet.Write(t.out, t.Colour)
	}
	return nil
}
