package topics

import (
	"fmt"
	"strings"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// PlayEvent is an accepted record of plays. Its strings share the memory of one text, the whole record's: clone what
// outlives the event.
type PlayEvent struct {
	ID   string // of the CloudEvents envelope; what tells a repeat is Play.PlayID
	Play *schemas.Play
	// Trace is as in CampaignEvent.
	Trace TraceContext
}

// DecodePlay reads a record of plays, in CloudEvents' structured or binary mode. It returns either an event and nil, or
// the refusal beside an event of which nothing but Trace is set; it never panics and keeps no reference to its arguments.
//
// The checks come in the contract's order, as in DecodeCampaignEvent, and end with the schema. A play that is accepted has
// a shape, no more: impressions below zero and an end before the start are read, for they get a verdict.
func DecodePlay(key, value []byte, headers []Header) (PlayEvent, *Refusal) {
	held := borrowScratch()
	defer held.giveBack()
	envelope, trace, refusal := held.open(intake{Plays, campaignKey, carriesPlays}, key, value, headers)
	if refusal != nil {
		return PlayEvent{Trace: trace}, refusal
	}
	play, broken := readPlay(envelope.content)
	if broken = broken.under("data"); broken != nil {
		return PlayEvent{Trace: trace}, refuse(schemas.BadSchema, broken.field, broken.rule)
	}
	return PlayEvent{ID: envelope.id, Play: play, Trace: trace}, nil
}

func carriesPlays(kind schemas.Type) bool { return kind == schemas.PlayReported }

func readPlay(data part) (*schemas.Play, *breach) {
	p := &schemas.Play{}
	var started, ended bool // zero is an instant, too
	broken := readMembers(data, func(name string, value part) *breach {
		rule := ""
		switch name {
		case "play_id":
			p.PlayID, rule = readID(value.text)
		case "campaign_id":
			p.CampaignID, rule = readID(value.text)
		case "creative_id":
			p.CreativeID, rule = readID(value.text)
		case "device_id":
			p.DeviceID, rule = readID(value.text)
		case "store_id":
			p.StoreID, rule = readStoreID(value.text)
		case "started_at":
			p.StartedAt, rule = readWritableValue(value.text)
			started = true
		case "ended_at":
			p.EndedAt, rule = readWritableValue(value.text)
			ended = true
		case "impressions":
			p.Impressions, rule = readImpressions(value.text)
		}
		return breachAt(name, rule)
	})
	if missing := missingOfPlay(p, started, ended); broken == nil && missing != "" {
		broken = breachAt(missing, ruleRequired)
	}
	if broken != nil {
		return nil, broken
	}
	return p, nil
}

func missingOfPlay(p *schemas.Play, started, ended bool) string {
	switch {
	case p.PlayID == "":
		return "play_id"
	case p.CampaignID == "":
		return "campaign_id"
	case p.CreativeID == "":
		return "creative_id"
	case p.DeviceID == "":
		return "device_id"
	case p.StoreID == "":
		return "store_id"
	case !started:
		return "started_at"
	case !ended:
		return "ended_at"
	case p.Impressions == "":
		return "impressions"
	}
	return ""
}

// readImpressions reads a plain decimal number as a text: what a decimal library would take besides (exponents, NaN,
// Infinity, a plus) is refused before one sees it.
func readImpressions(value string) (impressions, rule string) {
	const limit = 1 + schemas.ImpressionsMaxDigits + 1 + schemas.ImpressionsMaxDecimals
	content, is := text(value)
	if !is || len(content) > limit || !isImpressions(content) {
		return "", ruleImpressions()
	}
	return content, ""
}

func ruleImpressions() string {
	return fmt.Sprintf("must be a plain decimal number in a string, of at most %d digits and %d decimals",
		schemas.ImpressionsMaxDigits, schemas.ImpressionsMaxDecimals)
}

func isImpressions(number string) bool {
	whole, decimals, hasPoint := strings.Cut(strings.TrimPrefix(number, "-"), ".")
	if !isDigits(whole, schemas.ImpressionsMaxDigits) {
		return false
	}
	return !hasPoint || isDigits(decimals, schemas.ImpressionsMaxDecimals)
}

// isDigits says whether a text is 1 to limit decimal digits.
func isDigits(text string, limit int) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != "" && len(text) <= limit
}
