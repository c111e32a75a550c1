package generate

import (
	"fmt"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// event returns what is published at a step: the whole definition as it then is, or the change.
func (c *campaign) event(number int) Event {
	s, revision := c.steps[number], int64(number+1)
	e := Event{
		SpecVersion: schemas.SpecVersion, ID: fmt.Sprintf("%s-%d", c.first.CampaignID, revision),
		Source: "https://campaigns." + c.retailer.id + ".example", Type: s.kind, Subject: c.first.CampaignID, Time: &s.at,
		DataContentType: schemas.DataContentType,
	}
	if s.kind != schemas.CampaignCreated && s.kind != schemas.CampaignUpdated {
		e.Data = schemas.Change{CampaignID: c.first.CampaignID, Revision: revision, Reason: s.reason}
		return e
	}
	definition := c.first
	definition.Revision = revision
	for _, earlier := range c.steps[:number+1] {
		if earlier.edit != nil {
			earlier.edit(&definition)
		}
	}
	e.Data = definition
	return e
}
