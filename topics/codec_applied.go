package topics

import "github.com/rmn-arms/campaign-engine/schemas"

// DecodeApplied reads the value of a record of transitions-applied, on which downstream groups decide, so with the same
// care as DecodeDue. It returns either an event and nil, or nil and the refusal, and keeps no reference to value. Campaign
// is there and is an object, but is taken as it stands: DecodePlaced reads it. Whatever is returned can be written by
// EncodeApplied and within the limits of its topic.
func DecodeApplied(value []byte) (*schemas.Event[schemas.Applied], *Refusal) {
	return decodeTransition(value, schemas.TransitionApplied, readApplied)
}

func readApplied(data part) (a schemas.Applied, broken *breach) {
	var due dueInstants
	var appliedAt *schemas.Instant
	broken = readMembers(data, func(name string, member part) *breach {
		value, rule := member.text, ""
		switch name {
		case "from":
			a.From, rule = readStatus(value)
		case "to":
			a.To, rule = readStatus(value)
		case "applied_at":
			appliedAt, rule = readWritable(value)
		case "sequence":
			a.Sequence, rule = readInteger(value, 1, schemas.IntegerMax)
		case "first_active":
			a.FirstActive, rule = readBoolean(value)
		default:
			return readDueField(&a.Due, &due, name, member)
		}
		return breachAt(name, rule)
	})
	if broken == nil {
		broken = checkDue(&a.Due, due)
	}
	if broken == nil {
		broken = checkApplied(&a, appliedAt)
	}
	return a, broken
}

// checkApplied is for what goes beyond a due transition.
func checkApplied(a *schemas.Applied, appliedAt *schemas.Instant) *breach {
	switch {
	case a.From == "" && a.Transition != schemas.Schedule:
		return breachAt("from", ruleRequired)
	case a.To == "":
		return breachAt("to", ruleRequired)
	case appliedAt == nil:
		return breachAt("applied_at", ruleRequired)
	case *appliedAt != a.DecidedAt:
		return breachAt("applied_at", "must equal decided_at")
	case a.Sequence == 0:
		return breachAt("sequence", ruleRequired)
	case a.Campaign == nil:
		return breachAt("campaign", ruleRequired)
	}
	a.AppliedAt = *appliedAt
	return nil
}

func readStatus(value string) (schemas.Status, string) {
	content, _ := text(value)
	switch s := schemas.Status(content); s {
	case schemas.Scheduled, schemas.Active, schemas.Paused, schemas.Completed, schemas.Cancelled:
		return s, ""
	}
	return "", "must be a status"
}

func readBoolean(value string) (is bool, rule string) {
	if value != "true" && value != "false" {
		return false, "must be true or false"
	}
	return value == "true", ""
}
