package topics

import "github.com/rmn-arms/campaign-engine/schemas"

// roomyDefinition is a definition with room for what it points to: one allocation in place of four.
type roomyDefinition struct {
	schemas.Definition
	startsAt, endsAt schemas.Instant
	graceSeconds     int64
}

// readDefinition reads the data of campaign.created and campaign.updated.
func readDefinition(data part) (*schemas.Definition, *breach) {
	d := &roomyDefinition{}
	broken := readMembers(data, func(name string, value part) *breach {
		rule := ""
		switch name {
		case "campaign_id":
			d.CampaignID, rule = readID(value.text)
		case "revision":
			d.Revision, rule = readInteger(value.text, 1, schemas.IntegerMax)
		case "advertiser_id":
			d.AdvertiserID, rule = readID(value.text)
		case "name":
			d.Name, rule = readText(value.text, schemas.NameMaxChars)
		case "time_zone":
			d.TimeZone, rule = readGivenText(value.text, schemas.ZoneMaxChars)
		case "cpm":
			d.CPM, rule = readGivenText(value.text, schemas.DecimalMaxChars)
		case "settlement_grace_seconds":
			d.graceSeconds, rule = readInteger(value.text, 0, schemas.SettlementGraceMaxSeconds)
			d.SettlementGraceSeconds = &d.graceSeconds // zero and absent differ
		case "starts_at", "starts_at_local", "ends_at", "ends_at_local", "disambiguation":
			rule = readWindowField(d, name, value.text)
		default:
			return readDefinitionPart(&d.Definition, name, value)
		}
		return breachAt(name, rule)
	})
	if broken != nil {
		return nil, broken
	}
	return &d.Definition, checkDefinition(&d.Definition)
}

func readWindowField(d *roomyDefinition, name, value string) (rule string) {
	switch name {
	case "starts_at":
		d.startsAt, rule = readInstantValue(value)
		d.StartsAt = &d.startsAt
	case "starts_at_local":
		d.StartsAtLocal, rule = readLocal(value)
	case "ends_at":
		d.endsAt, rule = readInstantValue(value)
		d.EndsAt = &d.endsAt
	case "ends_at_local":
		d.EndsAtLocal, rule = readLocal(value)
	case "disambiguation":
		d.Disambiguation, rule = readDisambiguation(value)
	}
	return rule
}

func readDefinitionPart(d *schemas.Definition, name string, value part) (broken *breach) {
	switch name {
	case "budget":
		d.Budget, broken = readMoney(value)
	case "stores":
		d.Stores, broken = readArray(value, schemas.StoresMaxCount, readStore)
	case "creatives":
		d.Creatives, broken = readArray(value, schemas.CreativesMaxCount, readCreative)
	case "contacts":
		d.Contacts, broken = readArray(value, schemas.ContactsMaxCount, readContact)
	}
	return broken.under(name)
}

// checkDefinition looks for what is missing and for what excludes each other.
func checkDefinition(d *schemas.Definition) *breach {
	switch {
	case d.CampaignID == "":
		return breachAt("campaign_id", ruleRequired)
	case d.Revision == 0:
		return breachAt("revision", ruleRequired)
	case d.AdvertiserID == "":
		return breachAt("advertiser_id", ruleRequired)
	case d.TimeZone == "":
		return breachAt("time_zone", ruleRequired)
	case d.Budget == schemas.Money{}:
		return breachAt("budget", ruleRequired)
	case (d.StartsAt == nil) == (d.StartsAtLocal == ""):
		return breachAt("starts_at", "exactly one of starts_at and starts_at_local must be given")
	case (d.EndsAt == nil) == (d.EndsAtLocal == ""):
		return breachAt("ends_at", "exactly one of ends_at and ends_at_local must be given")
	}
	return nil
}

// readChange reads the data of campaign.paused, campaign.resumed and campaign.cancelled.
func readChange(data part) (*schemas.Change, *breach) {
	c := &schemas.Change{}
	broken := readMembers(data, func(name string, value part) *breach {
		rule := ""
		switch name {
		case "campaign_id":
			c.CampaignID, rule = readID(value.text)
		case "revision":
			c.Revision, rule = readInteger(value.text, 1, schemas.IntegerMax)
		case "reason":
			c.Reason, rule = readText(value.text, schemas.ChangeReasonMaxChars)
		}
		return breachAt(name, rule)
	})
	switch {
	case broken != nil:
		return nil, broken
	case c.CampaignID == "":
		return nil, breachAt("campaign_id", ruleRequired)
	case c.Revision == 0:
		return nil, breachAt("revision", ruleRequired)
	}
	return c, nil
}
