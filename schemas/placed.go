package schemas

// Placed is a definition put on the time line: the window is resolved in UTC beside the wall-clock times it was given
// in, and the contacts are left out, because addresses go nowhere but campaign-events.
type Placed struct {
	CampaignID     string         `json:"campaign_id"`
	Revision       int64          `json:"revision"`
	AdvertiserID   string         `json:"advertiser_id"`
	Name           string         `json:"name,omitempty"`
	StartsAt       Instant        `json:"starts_at"`
	StartsAtLocal  string         `json:"starts_at_local,omitempty"`
	EndsAt         Instant        `json:"ends_at"`
	EndsAtLocal    string         `json:"ends_at_local,omitempty"`
	TimeZone       string         `json:"time_zone"`
	Disambiguation Disambiguation `json:"disambiguation,omitempty"`
	// TZDB is the version of the IANA time zone database by which the window was resolved; empty when both ends were given as
	// instants.
	TZDB                   string `json:"tzdb,omitempty"`
	Budget                 Money  `json:"budget"`
	CPM                    string `json:"cpm,omitempty"`
	SettlementGraceSeconds *int64 `json:"settlement_grace_seconds,omitempty"`
	// SettlementGraceMs is the grace in force: that of the definition, or the engine's setting when it was accepted. Engines before
	// did not write it.
	SettlementGraceMs *int64     `json:"settlement_grace_ms,omitempty"`
	Stores            []string   `json:"stores,omitempty"`
	Creatives         []Creative `json:"creatives,omitempty"`
}

// Grace returns how long after the end, or the cancel, the campaign is settled, in ms; false where neither the definition nor the
// engine has said.
func (p *Placed) Grace() (ms int64, told bool) {
	switch {
	case p.SettlementGraceMs != nil:
		return *p.SettlementGraceMs, true
	case p.SettlementGraceSeconds != nil:
		return *p.SettlementGraceSeconds * 1000, true
	}
	return 0, false
}

// Place returns the definition with its window resolved to [startsAt, endsAt) by a version of the time zone database, which
// counts where an end was given in wall-clock time, and its grace resolved to ms. It shares d's slices.
func (d *Definition) Place(startsAt, endsAt Instant, tzdb string, graceMs int64) Placed {
	if !d.IsLocal() {
		tzdb = ""
	}
	return Placed{
		CampaignID: d.CampaignID, Revision: d.Revision, AdvertiserID: d.AdvertiserID, Name: d.Name,
		StartsAt: startsAt, StartsAtLocal: d.StartsAtLocal, EndsAt: endsAt, EndsAtLocal: d.EndsAtLocal,
		TimeZone: d.TimeZone, Disambiguation: d.Disambiguation, TZDB: tzdb, Budget: d.Budget, CPM: d.CPM,
		SettlementGraceSeconds: d.SettlementGraceSeconds, SettlementGraceMs: &graceMs, Stores: d.Stores, Creatives: d.Creatives,
	}
}

// IsLocal says whether an end of the window is given in wall-clock time.
func (d *Definition) IsLocal() bool { return d.StartsAtLocal != "" || d.EndsAtLocal != "" }

// Rezoned is the window that a rezone leads to: as it is in force from then on. An end without a wall-clock text is an
// instant, be it that it was given as one, or that it has come before the rules changed and is fixed.
type Rezoned struct {
	StartsAt      Instant `json:"starts_at"`
	StartsAtLocal string  `json:"starts_at_local,omitempty"`
	EndsAt        Instant `json:"ends_at"`
	EndsAtLocal   string  `json:"ends_at_local,omitempty"`
	// TZDB is the version of the IANA time zone database that it is resolved by.
	TZDB string `json:"tzdb"`
}

// Rezone puts the window of a rezone in force.
func (p *Placed) Rezone(to *Rezoned) {
	p.StartsAt, p.StartsAtLocal, p.EndsAt, p.EndsAtLocal, p.TZDB = to.StartsAt, to.StartsAtLocal, to.EndsAt, to.EndsAtLocal, to.TZDB
}
