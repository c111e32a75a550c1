package schemas

// Play is the data of play.reported: a device has shown a creative. A device reports a play when it is over, and again
// until it knows that the report has arrived: PlayID tells a repeat.
type Play struct {
	PlayID     string `json:"play_id"`
	CampaignID string `json:"campaign_id"`
	CreativeID string `json:"creative_id"`
	DeviceID   string `json:"device_id"`
	StoreID    string `json:"store_id"`
	// StartedAt and EndedAt lie in the years 0000 to 9999 of UTC, so that they can be written again.
	StartedAt Instant `json:"started_at"`
	EndedAt   Instant `json:"ended_at"`
	// Impressions is a plain decimal text: how many people the play has reached, as the network estimates it. At most
	// ImpressionsMaxDigits before the point and ImpressionsMaxDecimals behind it. A negative one is read, and judged invalid.
	Impressions string `json:"impressions"`
}

// Verdict is what became of a play.
type Verdict string

// The verdicts. Each play has one; a wrong shape is a dead letter and has none.
const (
	PlayValid           Verdict = "valid"
	PlayDuplicate       Verdict = "duplicate"        // its play_id was there before
	PlayOutOfWindow     Verdict = "out-of-window"    // it did not start within the window in force then
	PlayNotActive       Verdict = "not-active"       // within the window, but not while the campaign was ACTIVE
	PlayAfterLock       Verdict = "after-lock"       // would have counted, but came after the lock
	PlayOverBudget      Verdict = "over-budget"      // its cost would have exceeded what was left of the budget
	PlayUnknownCampaign Verdict = "unknown-campaign" // its campaign was not scheduled within the hold
	PlayInvalid         Verdict = "invalid"          // impressions below zero, or it ended before it started
)

// Verdicts returns all verdicts.
func Verdicts() []Verdict {
	return []Verdict{
		PlayValid, PlayDuplicate, PlayOutOfWindow, PlayNotActive, PlayAfterLock, PlayOverBudget, PlayUnknownCampaign, PlayInvalid,
	}
}
