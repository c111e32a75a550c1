package schemas

// Definition is the data of campaign.created and campaign.updated: the whole campaign as its service wants it.
// Each end of the window is either an instant or a wall-clock time in TimeZone, never both.
type Definition struct {
	CampaignID             string         `json:"campaign_id"`
	Revision               int64          `json:"revision"`
	AdvertiserID           string         `json:"advertiser_id"`
	Name                   string         `json:"name,omitempty"`
	StartsAt               *Instant       `json:"starts_at,omitempty"`
	StartsAtLocal          string         `json:"starts_at_local,omitempty"`
	EndsAt                 *Instant       `json:"ends_at,omitempty"`
	EndsAtLocal            string         `json:"ends_at_local,omitempty"`
	TimeZone               string         `json:"time_zone"`
	Disambiguation         Disambiguation `json:"disambiguation,omitempty"`
	Budget                 Money          `json:"budget"`
	CPM                    string         `json:"cpm,omitempty"`
	SettlementGraceSeconds *int64         `json:"settlement_grace_seconds,omitempty"`
	Stores                 []string       `json:"stores,omitempty"`
	Creatives              []Creative     `json:"creatives,omitempty"`
	Contacts               []Contact      `json:"contacts,omitempty"`
}

// Disambiguation says what a wall-clock time means that a change of the clocks skips or repeats.
// Source of the words: TC39 Temporal, ZonedDateTime; compatible is RFC 5545's rule.
type Disambiguation string

// The disambiguations; the empty one means Compatible.
const (
	Compatible Disambiguation = "compatible" // skipped: moved forward by the gap; repeated: the first
	Earlier    Disambiguation = "earlier"
	Later      Disambiguation = "later"
	Reject     Disambiguation = "reject" // refuse the definition
)

// Money is an amount in a currency; Amount is a plain decimal text, Currency an ISO 4217 code.
type Money struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// Creative is one piece of content. Bytes is its size, SHA256 64 hex digits.
type Creative struct {
	CreativeID string `json:"creative_id"`
	Version    int64  `json:"version"`
	URL        string `json:"url"`
	SHA256     string `json:"sha256"`
	Bytes      int64  `json:"bytes"`
	MIME       string `json:"mime"`
	DurationMs int64  `json:"duration_ms"`
}

// Contact is somebody who gets mail about the campaign. Contacts stand in campaign-events and nowhere else.
type Contact struct {
	Email  string `json:"email"`
	Name   string `json:"name,omitempty"`
	Locale string `json:"locale,omitempty"` // BCP 47
}

// Change is the data of campaign.paused, campaign.resumed and campaign.cancelled.
type Change struct {
	CampaignID string `json:"campaign_id"`
	Revision   int64  `json:"revision"`
	Reason     string `json:"reason,omitempty"`
}
