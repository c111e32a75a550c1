package topics

import "github.com/rmn-arms/campaign-engine/schemas"

// attributes collects the context attributes of CloudEvents 1.0.2, section 3.1, in whatever order they come.
// Extensions are ignored, but for distributed tracing's.
type attributes struct {
	specVersion, id, source, kind  string
	subject, time, dataContentType string
	traceParent, traceState        string
	wrong                          string // the first attribute that is no text
}

// set takes one attribute; read says how its text is written where it stands. An attribute that is given but empty is
// wrong for all of them (CloudEvents wants non-empty texts, also of the optional ones).
func (a *attributes) set(name, value string, read func(string) (string, bool)) {
	switch name { // what tells of a trace never makes an event wrong
	case headerTraceParent:
		a.traceParent, _ = read(value)
		return
	case headerTraceState:
		a.traceState, _ = read(value)
		return
	}
	field := a.field(name)
	if field == nil {
		return
	}
	content, is := read(value)
	if (!is || content == "") && a.wrong == "" {
		a.wrong = name
	}
	*field = content
}

func (a *attributes) field(name string) *string {
	switch name {
	case "specversion":
		return &a.specVersion
	case "id":
		return &a.id
	case "source":
		return &a.source
	case "type":
		return &a.kind
	case "subject":
		return &a.subject
	case "time":
		return &a.time
	case "datacontenttype":
		return &a.dataContentType
	}
	return nil
}

// envelope checks the attributes. Beside a refusal it returns what was found, for the check of the size.
func (a *attributes) envelope(data part, binary bool) (envelope, *Refusal) {
	found := envelope{
		id: a.id, source: a.source, kind: schemas.Type(a.kind), subject: a.subject,
		data: data.text, content: data, binary: binary, traceParent: a.traceParent, traceState: a.traceState,
	}
	if field, rule := a.brokenRule(); rule != "" {
		return found, refuse(schemas.Malformed, field, rule)
	}
	if a.time != "" {
		found.time = new(schemas.Instant)
		if err := found.time.UnmarshalText([]byte(a.time)); err != nil {
			return found, refuse(schemas.Malformed, "time", ruleInstant)
		}
	}
	return found, nil
}

func (a *attributes) brokenRule() (field, rule string) {
	switch {
	case a.wrong != "":
		return a.wrong, ruleGivenText
	case a.specVersion != schemas.SpecVersion:
		return "specversion", "must be " + schemas.SpecVersion
	case a.id == "":
		return "id", ruleRequired
	case a.source == "":
		return "source", ruleRequired
	case a.kind == "":
		return "type", ruleRequired
	case a.dataContentType != "" && !isJSON(a.dataContentType):
		return "datacontenttype", "must be a JSON media type"
	}
	return "", ""
}
