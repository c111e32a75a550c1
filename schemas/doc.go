// Package schemas holds what goes over the wire: the structs of every public event, a JSON Schema for each, the
// AsyncAPI document, and frozen examples. It imports the standard library only, so that every other room may import it.
//
// What a reader or writer of these events may count on, beyond the schemas:
//
// Envelope. Inputs (campaign-events, plays) are read in structured mode, and in binary mode if the record has the header
// ce_specversion and no content-type of CloudEvents' own. Names of headers are compared byte by byte; of several with one
// name the last counts. A batch, an event format other than JSON, data_base64, and data that is null are malformed, as are
// attributes that are given but empty, a time that is no RFC 3339 instant, and a datacontenttype that is not JSON.
// Extensions are ignored. Of an event that has no data and a type that the topic does not carry, the type is named.
//
// Data. Names are case-sensitive; unknown ones are ignored, yet they are part of the content that tells a duplicate from
// a conflict. null is the same as absent. Integers may be written as 1.0 or 1e0, for numbers mean what RFC 8785 makes
// of them; none that is read exceeds 2^53-1. Lengths count Unicode code points. A text that must be there must not be empty.
// Decimals (money, impressions) are texts of digits, perhaps a point and digits: no exponent, no plus, nothing else.
//
// Times. Instants are RFC 3339 with T and Z in capitals and no leap second; any offset up to 23:59 is read. Wall-clock
// times have seconds, and decimals if need be: 2026-12-01T00:00:00. Both are cut to milliseconds.
//
// Sizes. A record's limit is that of its value; its key may have 64 KiB and its headers 256 KiB (too-large beyond). A
// definition's is that of data as it was sent, white space included: in binary mode the value's, judged before anything in
// it, in structured mode known only once the value has been read as JSON. Nesting counts from the record's value, so the
// envelope of structured mode is one of the 32.
//
// Reasons. What a reader sees first in the order of the contract is named; within the shape it is the first member in
// the order of the text, and then what is missing. Lists may name a store or a creative twice: that is no breach.
package schemas
