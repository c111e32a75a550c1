package schemas

// Placed is a definition put on the time line: the window is resolved in UTC beside the wall-clock times it was given
// in, and the contacts are left out, because addresses go nowhere but campaign-events.
type Placed struct {
	CampaignID             string         `json:"campaign_id"`
	Revision               int64          `json:"revision"`
	AdvertiserID           string         `json:"advertiser_id"`
	Name                   string         `json:"name,omitempty"`
	StartsAt               Instant        `json:"starts_at"`
	StartsAtLocal          string         `json:"starts_at_local,omitempty"`
	EndsAt                 Instant        `json:"ends_at"`
	EndsAtLocal            string         `json:"ends_at_local,omitempty"`
	TimeZone               string         `json:"time_zone"`
	Disambiguation         Disambiguation `json:"disambiguation,omitempty"`
	Budget                 Money          `json:"budget"`
	CPM                    string         `json:"cpm,omitempty"`
	SettlementGraceSeconds *int64         `json:"settlement_grace_seconds,omitempty"`
	Stores                 []string       `json:"stores,omitempty"`
	Creatives              []Creative     `json:"creatives,omitempty"`
}

// Place returns the definition with its window resolved to [startsAt, endsAt). It shares d's slices.
func (d *Definition) Place(startsAt, endsAt Instant) Placed {
	return Placed{
		CampaignID: d.CampaignID, Revision: d.Revision, AdvertiserID: d.AdvertiserID, Name: d.Name,
		StartsAt: startsAt, StartsAtLocal: d.StartsAtLocal, EndsAt: endsAt, EndsAtLocal: d.EndsAtLocal,
		TimeZone: d.TimeZone, Disambiguation: d.Disambiguation, Budget: d.Budget, CPM: d.CPM,
		SettlementGraceSeconds: d.SettlementGraceSeconds, Stores: d.Stores, Creatives: d.Creatives,
	}
}
