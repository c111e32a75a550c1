package processors

import "github.com/rmn-arms/campaign-engine/state/instant"

// Settings are what an operator sets for all campaigns. They are frozen into a campaign's row when a revision is
// accepted: changing them later moves nothing that is pending.
type Settings struct {
	// DistributionLead is how long before its start a campaign's content is distributed, in elapsed time.
	DistributionLead instant.Millis
	// SettlementGrace is how long after its end a campaign is settled, where its definition does not say.
	SettlementGrace instant.Millis
}
