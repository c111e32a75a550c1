package processors

import (
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/zone"
)

// Settings are what an operator sets for all campaigns, and what a process brings along. The lead and the grace are frozen into a
// campaign's row when a revision is accepted: changing them later moves nothing that is pending.
type Settings struct {
	// DistributionLead is how long before its start a campaign's content is distributed, in elapsed time.
	DistributionLead instant.Millis
	// SettlementGrace is how long after its end a campaign is settled, where its definition does not say.
	SettlementGrace instant.Millis

	// Zones is the time zone database by which windows are resolved; nil: the one that is part of the program. What waits and
	// was resolved by another version is resolved anew, see state/timer.Rezone.
	Zones *zone.Database
}

func (s Settings) zones() *zone.Database {
	if s.Zones == nil {
		return zone.Default()
	}
	return s.Zones
}
