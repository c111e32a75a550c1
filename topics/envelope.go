package topics

import (
	"strings"
	"unicode/utf8"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// The headers of CloudEvents' Kafka protocol binding 1.0.2, sections 3.2 and 3.3. Kafka compares header names byte by
// byte, and the binding says nothing else, so case counts in them.
const (
	headerContentType = "content-type"
	headerPrefix      = "ce_"
	headerSpecVersion = headerPrefix + "specversion"
	headerType        = headerPrefix + "type"
)

// structuredMediaType, followed by nothing, a format or a parameter, marks the structured mode.
const structuredMediaType = "application/cloudevents"

// envelope holds what the engine wants of an event's attributes, and its data as compact text.
type envelope struct {
	id      string
	source  string
	kind    schemas.Type
	subject string           // empty: not given
	time    *schemas.Instant // nil: not given
	data    string
	content part // the data in its document
	binary  bool // attributes came as headers, the record's value is the data

	traceParent, traceState string // of CloudEvents' distributed tracing extension, as they are written
}

// readEnvelope finds the attributes in the document or in the headers. Beside a refusal it returns what it had read.
func readEnvelope(document part, headers []Header) (envelope, *Refusal) {
	if isBinary(headers) {
		return readBinary(document, headers)
	}
	envelope, refusal := readStructured(document)
	contentType, _ := lastHeader(headers, headerContentType)
	if refusal == nil && isCloudEvents(contentType) && !isStructuredJSON(contentType) {
		refusal = refuse(schemas.Malformed, headerContentType, "of CloudEvents must be application/cloudevents+json")
	}
	return envelope, refusal
}

// isBinary says whether the attributes stand in the headers.
//
// The binding calls a record binary whenever its content type is not CloudEvents'. Producers of structured events that
// send no content type are common, so without ce_specversion the value is taken to be the whole event.
func isBinary(headers []Header) bool {
	if contentType, _ := lastHeader(headers, headerContentType); isCloudEvents(contentType) {
		return false
	}
	_, given := lastHeader(headers, headerSpecVersion)
	return given
}

// readStructured reads an event in CloudEvents' JSON format 1.0.2.
func readStructured(document part) (envelope, *Refusal) {
	if !document.isObject() {
		return envelope{}, refuse(schemas.Malformed, "value", "must be a JSON object")
	}
	var found attributes
	var data part
	for name, value := range document.members() {
		switch {
		case value.text == null:
		case name == "data":
			data = value
		default:
			found.set(name, value.text, text)
		}
	}
	return found.envelope(data, false)
}

// readBinary reads the attributes from headers; content-type stands for datacontenttype.
func readBinary(document part, headers []Header) (envelope, *Refusal) {
	var found attributes
	for _, header := range headers {
		if name, is := strings.CutPrefix(header.Key, headerPrefix); is && name != "datacontenttype" {
			found.set(name, string(header.Value), headerText)
		}
		if header.Key == headerContentType {
			found.set("datacontenttype", string(header.Value), headerText)
		}
	}
	if document.text == null {
		document = part{}
	}
	return found.envelope(document, true)
}

// headerText returns a header's value, which the binding wants in UTF-8.
func headerText(value string) (string, bool) { return value, utf8.ValidString(value) }

// lastHeader returns the last header of that name: the one that counts where Kafka's clients want only one.
func lastHeader(headers []Header, name string) (string, bool) {
	for i := len(headers) - 1; i >= 0; i-- {
		if headers[i].Key == name {
			return string(headers[i].Value), true
		}
	}
	return "", false
}

func hasPrefixFold(text, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix)
}

// isCloudEvents says whether a content type announces the structured mode.
func isCloudEvents(contentType string) bool { return hasPrefixFold(contentType, structuredMediaType) }

// isStructuredJSON says whether a CloudEvents media type announces the JSON format: no batch, no other format.
func isStructuredJSON(contentType string) bool {
	mediaType := bareMediaType(contentType)
	return strings.EqualFold(mediaType, structuredMediaType) || strings.EqualFold(mediaType, structuredMediaType+"+json")
}

// isJSON says whether a media type announces JSON (CloudEvents' JSON format 1.0.2, section 3.1): json itself as the
// subtype, or the suffix +json.
func isJSON(contentType string) bool {
	_, subtype, is := strings.Cut(strings.ToLower(bareMediaType(contentType)), "/")
	return is && (subtype == "json" || strings.HasSuffix(subtype, "+json"))
}

// bareMediaType cuts the parameters off.
func bareMediaType(contentType string) string {
	mediaType, _, _ := strings.Cut(contentType, ";")
	return strings.TrimSpace(mediaType)
}
