package topics

import "github.com/rmn-arms/campaign-engine/schemas"

// intake is what an input topic takes: everything in which the reading of one differs from that of another, before data.
type intake struct {
	topic   Name
	key     string // the member of data that is also the record's key
	carries func(schemas.Type) bool
}

// The members of data that are keys of inputs.
const (
	campaignKey = "campaign_id"
	storeKey    = "store_id"
)

// open reads a record of an input topic as far as all of them are alike, in the contract's order: size, depth, JSON,
// envelope, type, key. The trace is told beside a refusal, too. The envelope's content is a part of the scratch.
func (s *scratch) open(in intake, key, value []byte, headers []Header) (envelope, TraceContext, *Refusal) {
	trace := TraceOf(headers)
	if refusal := CheckSize(key, value, headers); refusal != nil {
		return envelope{}, trace, refusal
	}
	if refusal := in.checkBinarySize(value, headers); refusal != nil {
		return envelope{}, trace, refusal
	}
	document, refusal := s.readDocument(value)
	if refusal != nil {
		return envelope{}, trace, refusal
	}
	found, refusal := readEnvelope(document, headers)
	if !trace.Given() {
		trace = traceContext(found.traceParent, found.traceState)
	}
	if tooLarge := in.checkStructuredSize(found, value); tooLarge != nil {
		refusal = tooLarge
	}
	if refusal == nil {
		refusal = in.checkType(found)
	}
	if refusal == nil {
		refusal = checkData(found)
	}
	if refusal == nil {
		refusal = in.checkKey(key, found)
	}
	return found, trace, refusal
}

func (in intake) checkType(e envelope) *Refusal {
	if in.carries(e.kind) {
		return nil
	}
	return refuse(schemas.UnknownType, "type", "must be a type that "+string(in.topic)+" carries")
}

// checkData refuses an event without data. CloudEvents allows one, so that is judged once the type is known as one that
// has data.
func checkData(e envelope) *Refusal {
	if e.data == "" {
		return refuse(schemas.Malformed, "data", ruleRequired)
	}
	return nil
}

// checkKey holds the three names of what a record is about against each other: its key, the envelope's subject, and the member
// of data. A member that is no string is left to the schema check.
func (in intake) checkKey(key []byte, e envelope) *Refusal {
	if len(key) == 0 {
		return refuse(schemas.KeyMismatch, "key", "must be there")
	}
	if e.subject != "" && e.subject != string(key) {
		return refuse(schemas.KeyMismatch, "key", "must equal subject")
	}
	for name, value := range e.content.members() {
		if name != in.key {
			continue
		}
		if id, is := text(value.text); is && id != string(key) {
			return refuse(schemas.KeyMismatch, "key", "must equal data."+in.key)
		}
		break
	}
	return nil
}

// limitsData says whether there is a limit for the data of events of this type, beside that of the record.
func (in intake) limitsData(kind schemas.Type) bool { return isDefinition(kind) && in.carries(kind) }

// checkBinarySize limits a definition in binary mode, as it was sent, white space included: the value is its data and the
// headers tell its type, so nothing has to be parsed for it.
func (in intake) checkBinarySize(value []byte, headers []Header) *Refusal {
	if len(value) <= schemas.DefinitionMaxBytes || !isBinary(headers) {
		return nil
	}
	if kind, _ := lastHeader(headers, headerType); !in.limitsData(schemas.Type(kind)) {
		return nil
	}
	return tooLarge("data", schemas.DefinitionMaxBytes)
}

// checkStructuredSize limits a definition in structured mode likewise. There the size of data is known only once the
// envelope has been found, yet it goes before the other checks, as the contract orders them.
func (in intake) checkStructuredSize(e envelope, value []byte) *Refusal {
	if len(value) <= schemas.DefinitionMaxBytes || e.binary || !in.limitsData(e.kind) {
		return nil
	}
	if len(memberAsSent(value, "data")) <= schemas.DefinitionMaxBytes {
		return nil
	}
	return tooLarge("data", schemas.DefinitionMaxBytes)
}
