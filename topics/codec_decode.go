package topics

import "github.com/rmn-arms/campaign-engine/schemas"

// decodeTransition reads the value of a record of a topic that the engine writes and reads again, with the care of an
// input: size, depth, JSON, envelope, type, schema. read gets the data as compact text.
func decodeTransition[D any](value []byte, kind schemas.Type, read func(data part) (D, *breach)) (*schemas.Event[D], *Refusal) {
	if refusal := CheckSize(nil, value, nil); refusal != nil {
		return nil, refusal
	}
	held := borrowScratch()
	defer held.giveBack()
	document, refusal := held.readCompact(value)
	if refusal != nil {
		return nil, refusal
	}
	// 1e20 is written out in full: the campaign, which goes on as it stands here, may be several times as long as it was.
	if len(document.text) > schemas.RecordMaxBytes {
		return nil, tooLarge("value in canonical form (RFC 8785)", schemas.RecordMaxBytes)
	}
	e, refusal := readStructured(document)
	if refusal == nil {
		refusal = checkData(e)
	}
	if refusal != nil {
		return nil, refusal
	}
	if e.kind != kind {
		return nil, refuse(schemas.UnknownType, "type", "must be "+string(kind))
	}
	if e.time != nil && !canBeWritten(*e.time) {
		return nil, refuse(schemas.Malformed, "time", ruleYears)
	}
	data, broken := read(e.content)
	if broken = broken.under("data"); broken != nil {
		return nil, refuse(schemas.BadSchema, broken.field, broken.rule)
	}
	return &schemas.Event[D]{
		SpecVersion: schemas.SpecVersion, ID: e.id, Source: e.source, Type: e.kind, Subject: e.subject, Time: e.time,
		DataContentType: schemas.DataContentType, Data: data,
	}, nil
}
