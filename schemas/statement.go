package schemas

// Released is the data of budget.released: what was not spent goes back to the advertiser's wallet. Once per campaign,
// for ever. Invariant: Budget = Spent + Released, to the last minor unit.
type Released struct {
	ReleaseID    string `json:"release_id"` // <campaign_id>/release
	CampaignID   string `json:"campaign_id"`
	AdvertiserID string `json:"advertiser_id"`
	Budget       Money  `json:"budget"`
	Spent        Money  `json:"spent"`
	Released     Money  `json:"released"`
}

// Statement is the data of statement.final (version 1) and statement.adjusted (2, 3, ...): what a campaign has come to.
// The lock fixes what is charged: Spent and Released are the same in all versions. An adjusted statement adds, for the
// record, the plays that came after the lock and would have counted before it: Plays, Impressions, ByStore and ByCreative
// have them, Late says how many they are, and NotCounted has them under after-lock, since they were not charged.
// Invariants: Budget = Spent + Released. Plays - Late.Plays + the sum of NotCounted = the plays that were read, but for those
// that had been given up before anybody scheduled the campaign, or came after its plays were forgotten.
type Statement struct {
	StatementID string `json:"statement_id"` // <campaign_id>/<version>
	Version     int64  `json:"version"`
	CampaignID  string `json:"campaign_id"`
	// AdvertiserID, Revision and Status say whose campaign it is, what was in force at the lock, and how it ended.
	AdvertiserID string  `json:"advertiser_id"`
	Revision     int64   `json:"revision"`
	Status       Status  `json:"status"`
	LockedAt     Instant `json:"locked_at"`
	// AdjustedAt is when an adjusted statement was made.
	AdjustedAt *Instant `json:"adjusted_at,omitempty"`
	// Window is [starts_at, ends_at), as it was in force at the lock.
	Window Window `json:"window"`
	// Plays and Impressions are what counts; Impressions is a plain decimal text.
	Plays       int64  `json:"plays"`
	Impressions string `json:"impressions"`
	// Overran is how many of Plays went on past the end of the window.
	Overran int64 `json:"overran"`
	Budget  Money `json:"budget"`
	// Cost is the exact sum over Plays before the lock, not rounded; Spent is its rounding (half even, the currency's minor
	// unit), at most Budget.
	Cost     string `json:"cost"`
	Spent    Money  `json:"spent"`
	Released Money  `json:"released"`
	// ByStore and ByCreative are in the order of the ids and cut at StatementLinesMax; the totals count all.
	ByStore         []StoreLine       `json:"by_store"`
	ByStoreTotal    int64             `json:"by_store_total"`
	ByCreative      []CreativeLine    `json:"by_creative"`
	ByCreativeTotal int64             `json:"by_creative_total"`
	NotCounted      map[Verdict]int64 `json:"not_counted"`
	Late            *Tally            `json:"late,omitempty"`
	// Inputs are, by topic, the positions that it counted up to: of this campaign everything before them, nothing behind.
	// A topic of which it counted nothing is not there.
	Inputs map[string]Position `json:"inputs"`
}

// Window is [StartsAt, EndsAt).
type Window struct {
	StartsAt Instant `json:"starts_at"`
	EndsAt   Instant `json:"ends_at"`
}

// Tally is a count of plays and the sum of their impressions.
type Tally struct {
	Plays       int64  `json:"plays"`
	Impressions string `json:"impressions"`
}

// StoreLine is what one store has played.
type StoreLine struct {
	StoreID string `json:"store_id"`
	Tally
}

// CreativeLine is how often one creative was played.
type CreativeLine struct {
	CreativeID string `json:"creative_id"`
	Tally
}

// Position is the offset behind the last record of a topic's partition that was counted.
type Position struct {
	Partition int32 `json:"partition"`
	Offset    int64 `json:"offset"`
}

// ReleaseID returns the identity of a campaign's release.
func ReleaseID(campaignID string) string { return campaignID + "/release" }
