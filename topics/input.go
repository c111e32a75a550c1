package topics

import (
	"crypto/sha256"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// HashBytes is the length of a ContentHash.
const HashBytes = 16

// ContentHash is the first HashBytes of SHA-256 over the RFC 8785 form of an event's data. Equal hashes of one campaign
// and revision mean the same content: envelope, layout, order of members and notation of numbers play no part. What
// the decoder reads is read from that same form, so equal hashes also mean equal Definitions or Changes.
type ContentHash [HashBytes]byte

// CampaignEvent is an accepted record of campaign-events. Exactly one of Definition and Change is set.
// Its strings share the memory of one text: clone what outlives the event.
type CampaignEvent struct {
	Type        schemas.Type
	ID          string // of the CloudEvents envelope
	Definition  *schemas.Definition
	Change      *schemas.Change
	ContentHash ContentHash
	// Trace is the context that the record carries: in its headers, else in its envelope (CloudEvents' distributed tracing
	// extension). It is no part of what the event says.
	Trace TraceContext
}

// CampaignID returns the campaign that the event is about; it equals the record's key.
func (e CampaignEvent) CampaignID() string {
	if e.Definition != nil {
		return e.Definition.CampaignID
	}
	return e.Change.CampaignID
}

// Revision returns the revision that the event sets.
func (e CampaignEvent) Revision() int64 {
	if e.Definition != nil {
		return e.Definition.Revision
	}
	return e.Change.Revision
}

// Refusal says why a record is not accepted. Detail names the field and the rule and holds nothing of the payload, so
// it may be logged and published.
type Refusal struct {
	Reason schemas.Reason
	Detail string
}

// refuse names a field, or a part of the record, and the rule that it breaks.
func refuse(reason schemas.Reason, field, rule string) *Refusal {
	return &Refusal{Reason: reason, Detail: field + ": " + rule}
}

// DecodeCampaignEvent reads a record of campaign-events, in CloudEvents' structured or binary mode. It returns either
// an event and nil, or the refusal beside an event of which nothing but Trace is set; it never panics and keeps no
// reference to its arguments.
//
// The checks come in the contract's order and the first that fails names the reason: size, depth, JSON, envelope, type,
// key, schema. Zone, local time against the zone, window, money and revision are not looked at here.
func DecodeCampaignEvent(key, value []byte, headers []Header) (CampaignEvent, *Refusal) {
	held := borrowScratch()
	defer held.giveBack()
	envelope, trace, refusal := held.open(intake{CampaignEvents, campaignKey, carriesCampaigns}, key, value, headers)
	if refusal != nil {
		return CampaignEvent{Trace: trace}, refusal
	}
	return held.readCampaignEvent(envelope, trace)
}

func (s *scratch) readCampaignEvent(e envelope, trace TraceContext) (CampaignEvent, *Refusal) {
	event := CampaignEvent{Type: e.kind, ID: e.id, Trace: trace}
	var broken *breach
	if isDefinition(e.kind) {
		event.Definition, broken = readDefinition(e.content)
	} else {
		event.Change, broken = readChange(e.content)
	}
	if broken = broken.under("data"); broken != nil {
		return CampaignEvent{Trace: trace}, refuse(schemas.BadSchema, broken.field, broken.rule)
	}
	event.ContentHash = s.hashOf(e.content)
	return event, nil
}

func (s *scratch) hashOf(data part) ContentHash {
	s.form = data.appendCanonical(s.form[:0])
	sum := sha256.Sum256(s.form)
	return ContentHash(sum[:HashBytes])
}

// isDefinition says whether events of this type carry a whole definition.
func isDefinition(kind schemas.Type) bool {
	return kind == schemas.CampaignCreated || kind == schemas.CampaignUpdated
}

// isChange says whether events of this type carry an operator's change.
func isChange(kind schemas.Type) bool {
	return kind == schemas.CampaignPaused || kind == schemas.CampaignResumed || kind == schemas.CampaignCancelled
}

func carriesCampaigns(kind schemas.Type) bool { return isDefinition(kind) || isChange(kind) }
