package config

import "time"

// CheckCampaigns refuses what an operator cannot set for all campaigns: --distribution-lead and --settlement-grace.
func CheckCampaigns(lead, grace time.Duration) error {
	if err := within("--distribution-lead", lead, 0, leadMax); err != nil {
		return err
	}
	return within("--settlement-grace", grace, 0, leadMax)
}
