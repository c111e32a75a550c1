package topics

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// DecodeDue reads the value of a record of transitions-due: what lifecycle folds over, so it is read with the same care
// as an input, though the engine is its only writer. It returns either an event and nil, or nil and the refusal, and
// keeps no reference to value. Campaign is taken as it stands, if it is an object. Whatever is returned can be written by
// EncodeDue, EncodeApplied and EncodeRejected, and within the limits of their topics.
func DecodeDue(value []byte) (*schemas.Event[schemas.Due], *Refusal) {
	if event, own := decodeOwnDue(value); own {
		return event, nil
	}
	return decodeAnyDue(value)
}

// decodeAnyDue reads a due transition in whatever form.
func decodeAnyDue(value []byte) (*schemas.Event[schemas.Due], *Refusal) {
	return decodeTransition(value, schemas.TransitionDue, readDue)
}

func readDue(data part) (d schemas.Due, broken *breach) {
	instants := dueInstants{}
	if broken = readMembers(data, func(name string, value part) *breach {
		return readDueField(&d, &instants, name, value)
	}); broken == nil {
		broken = checkDue(&d, instants)
	}
	return d, broken
}

func readDueField(d *schemas.Due, instants *dueInstants, name string, member part) *breach {
	value, rule := member.text, ""
	switch name {
	case "transition_id":
		d.TransitionID, rule = readGivenText(value, schemas.TransitionIDMaxChars)
	case "campaign_id":
		d.CampaignID, rule = readID(value)
	case "revision":
		d.Revision, rule = readInteger(value, 1, schemas.IntegerMax)
	case "transition":
		d.Transition, rule = readTransition(value)
	case "scheduled_for":
		instants.scheduledFor, rule = readWritable(value)
	case "decided_at":
		instants.decidedAt, rule = readWritable(value)
	case "lateness_ms":
		d.LatenessMs, rule = readInteger(value, 0, math.MaxInt64)
	case "change_reason":
		d.ChangeReason, rule = readText(value, schemas.ChangeReasonMaxChars)
	case "window":
		window, broken := readRezoned(member)
		d.Window = &window
		return broken.under(name)
	case "campaign":
		d.Campaign, rule = readRawObject(value)
	}
	return breachAt(name, rule)
}

// readRezoned reads the window of a rezone.
func readRezoned(window part) (to schemas.Rezoned, broken *breach) {
	var startsAt, endsAt *schemas.Instant
	broken = readMembers(window, func(name string, member part) *breach {
		value, rule := member.text, ""
		switch name {
		case "starts_at":
			startsAt, rule = readWritable(value)
		case "starts_at_local":
			to.StartsAtLocal, rule = readText(value, schemas.LocalMaxChars)
		case "ends_at":
			endsAt, rule = readWritable(value)
		case "ends_at_local":
			to.EndsAtLocal, rule = readText(value, schemas.LocalMaxChars)
		case "tzdb":
			to.TZDB, rule = readGivenText(value, schemas.TZDBMaxChars)
		}
		return breachAt(name, rule)
	})
	switch {
	case broken != nil:
		return to, broken
	case startsAt == nil:
		return to, breachAt("starts_at", ruleRequired)
	case endsAt == nil:
		return to, breachAt("ends_at", ruleRequired)
	case to.TZDB == "":
		return to, breachAt("tzdb", ruleRequired)
	}
	to.StartsAt, to.EndsAt = *startsAt, *endsAt
	return to, nil
}

// yearZero is 0000-01-01T00:00:00Z, the first instant that RFC 3339 can write.
const yearZero schemas.Instant = -62_167_219_200_000

const ruleYears = "must lie in the years 0000 to 9999 of UTC"

// canBeWritten says whether an instant can be written again: the offset that it was read with may have moved it out of
// the years that RFC 3339 knows.
func canBeWritten(at schemas.Instant) bool { return at >= yearZero && at <= schemas.InstantMax }

// readWritableValue reads an instant that will be written again.
func readWritableValue(value string) (schemas.Instant, string) {
	at, rule := readInstantValue(value)
	if rule == "" && !canBeWritten(at) {
		return 0, ruleYears
	}
	return at, rule
}

// readWritable is readWritableValue for where an instant may be missing.
func readWritable(value string) (*schemas.Instant, string) {
	at, rule := readWritableValue(value)
	if rule != "" {
		return nil, rule
	}
	return &at, ""
}

// dueInstants tells an instant that is missing from the one of 1970.
type dueInstants struct{ scheduledFor, decidedAt *schemas.Instant }

func checkDue(d *schemas.Due, at dueInstants) *breach {
	switch {
	case d.CampaignID == "":
		return breachAt("campaign_id", ruleRequired)
	case d.Revision == 0:
		return breachAt("revision", ruleRequired)
	case d.Transition == "":
		return breachAt("transition", ruleRequired)
	case !isTransitionID(d):
		return breachAt("transition_id", "must be <campaign_id>/<revision>/<transition>")
	case at.scheduledFor == nil:
		return breachAt("scheduled_for", ruleRequired)
	case at.decidedAt == nil:
		return breachAt("decided_at", ruleRequired)
	}
	d.ScheduledFor, d.DecidedAt = *at.scheduledFor, *at.decidedAt
	return nil
}

// isTransitionID holds the id against its parts; that of a rezone ends in -<tzdb version>.
func isTransitionID(d *schemas.Due) bool {
	rest, is := strings.CutPrefix(d.TransitionID, d.CampaignID+"/"+strconv.FormatInt(d.Revision, 10)+"/")
	if !is {
		return false
	}
	if d.Transition == schemas.Rezone {
		return strings.HasPrefix(rest, string(schemas.Rezone)+"-")
	}
	return rest == string(d.Transition)
}

func readTransition(value string) (schemas.Transition, string) {
	content, _ := text(value)
	switch t := schemas.Transition(content); t {
	case schemas.Schedule, schemas.Reschedule, schemas.Rezone, schemas.Distribute, schemas.Start, schemas.Pause,
		schemas.Resume, schemas.End, schemas.Settle, schemas.Cancel:
		return t, ""
	}
	return "", "must be a transition"
}

func readRawObject(value string) (json.RawMessage, string) {
	if !isObject(value) {
		return nil, ruleObject
	}
	return json.RawMessage(value), ""
}
