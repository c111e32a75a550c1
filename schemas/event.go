package schemas

import "encoding/json"

// SpecVersion is the CloudEvents version of every event, read or written.
const SpecVersion = "1.0"

// Source is the CloudEvents source of every event that the engine writes.
const Source = "campaign-engine"

// DataContentType is the content type of every event's data.
const DataContentType = "application/json"

// Type is the CloudEvents type of an event.
type Type string

// The types of events, each with the topic that carries it.
const (
	CampaignCreated    Type = "campaign.created"    // campaign-events
	CampaignUpdated    Type = "campaign.updated"    // campaign-events
	CampaignPaused     Type = "campaign.paused"     // campaign-events
	CampaignResumed    Type = "campaign.resumed"    // campaign-events
	CampaignCancelled  Type = "campaign.cancelled"  // campaign-events
	TransitionDue      Type = "transition.due"      // transitions-due
	TransitionApplied  Type = "transition.applied"  // transitions-applied
	TransitionRejected Type = "transition.rejected" // transitions-rejected
	PlayReported       Type = "play.reported"       // plays
	BudgetReleased     Type = "budget.released"     // budget-released
	StatementFinal     Type = "statement.final"     // campaign-statements
	StatementAdjusted  Type = "statement.adjusted"  // campaign-statements
	DeviceRegistered   Type = "device.registered"   // device-events
	DeviceRemoved      Type = "device.removed"      // device-events
	DeviceCommand      Type = "device.command"      // device-commands, device-commands.<store_id>
	DeviceAck          Type = "device.ack"          // device-acks
	CampaignReadiness  Type = "campaign.readiness"  // campaign-readiness
	RecordRefused      Type = "record.refused"      // dead-letters
)

// Types returns all types, in the order of the flow.
func Types() []Type {
	return []Type{
		CampaignCreated, CampaignUpdated, CampaignPaused, CampaignResumed, CampaignCancelled,
		TransitionDue, TransitionApplied, TransitionRejected, PlayReported, BudgetReleased, StatementFinal,
		StatementAdjusted, DeviceRegistered, DeviceRemoved, DeviceCommand, DeviceAck, CampaignReadiness, RecordRefused,
	}
}

// Event is a CloudEvents 1.0 envelope in structured JSON mode around data of type D.
// Source: CloudEvents 1.0.2, section "Context Attributes".
type Event[D any] struct {
	SpecVersion     string   `json:"specversion"`
	ID              string   `json:"id"`
	Source          string   `json:"source"`
	Type            Type     `json:"type"`
	Subject         string   `json:"subject,omitempty"`
	Time            *Instant `json:"time,omitempty"`
	DataContentType string   `json:"datacontenttype,omitempty"`
	Data            D        `json:"data"`
}

// RawEvent is an envelope whose data has not been looked at.
type RawEvent = Event[json.RawMessage]

// NewEvent returns the envelope that the engine writes around data; at becomes the CloudEvents time.
func NewEvent[D any](id string, kind Type, subject string, at Instant, data D) Event[D] {
	return Event[D]{
		SpecVersion: SpecVersion, ID: id, Source: Source, Type: kind, Subject: subject, Time: &at,
		DataContentType: DataContentType, Data: data,
	}
}
