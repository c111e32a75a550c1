package topics

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// CheckSize refuses a record whose value, key or headers are too large to be read or carried on: everything that
// passes fits into every record that the engine makes of it. It is the first check of an input, and all that must be
// done before a record is carried to another partition.
func CheckSize(key, value []byte, headers []Header) *Refusal {
	headersBytes := 0
	for _, header := range headers {
		headersBytes += HeaderBytes(len(header.Key), len(header.Value))
	}
	switch {
	case len(value) > schemas.RecordMaxBytes:
		return tooLarge("value", schemas.RecordMaxBytes)
	case len(key) > KeyMaxBytes:
		return tooLarge("key", KeyMaxBytes)
	case headersBytes > HeadersMaxBytes:
		return tooLarge("headers", HeadersMaxBytes)
	}
	return nil
}

func tooLarge(field string, most int) *Refusal {
	return refuse(schemas.TooLarge, field, fmt.Sprintf("must have at most %d bytes", most))
}

// checkDepth refuses a value that nests too deeply, before anything parses it.
func checkDepth(value []byte) *Refusal {
	if !deeperThan(value, schemas.NestingMaxDepth) {
		return nil
	}
	rule := fmt.Sprintf("objects and arrays must nest at most %d deep", schemas.NestingMaxDepth)
	return refuse(schemas.TooDeep, "value", rule)
}

// deeperThan says whether brackets outside of strings nest deeper than limit. It wants no valid JSON, runs in one pass
// and without recursion, so that hostile nesting never reaches a parser.
func deeperThan(value []byte, limit int) bool {
	depth := 0
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '"':
			for i++; i < len(value) && value[i] != '"'; i++ {
				if value[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			if depth++; depth > limit {
				return true
			}
		case '}', ']':
			depth--
		}
	}
	return false
}

// checkBinarySize limits a definition in binary mode, as it was sent, white space included: the value is its data and the
// headers tell its type, so nothing has to be parsed for it.
func checkBinarySize(value []byte, headers []Header) *Refusal {
	if len(value) <= schemas.DefinitionMaxBytes || !isBinary(headers) {
		return nil
	}
	if kind, _ := lastHeader(headers, headerType); !isDefinition(schemas.Type(kind)) {
		return nil
	}
	return tooLarge("data", schemas.DefinitionMaxBytes)
}

// checkStructuredSize limits a definition in structured mode likewise. There the size of data is known only once the
// envelope has been found, yet it goes before the other checks, as the contract orders them.
func checkStructuredSize(e envelope, value []byte) *Refusal {
	if len(value) <= schemas.DefinitionMaxBytes || e.binary || !isDefinition(e.kind) {
		return nil
	}
	if len(memberAsSent(value, "data")) <= schemas.DefinitionMaxBytes {
		return nil
	}
	return tooLarge("data", schemas.DefinitionMaxBytes)
}

// memberAsSent returns the text of a member of the object in valid JSON, or nil.
func memberAsSent(object []byte, name string) []byte {
	decoder := jsontext.NewDecoder(bytes.NewBuffer(object))
	if opening, err := decoder.ReadToken(); err != nil || opening.Kind() != '{' {
		return nil
	}
	for decoder.PeekKind() == '"' {
		token, err := decoder.ReadToken()
		if err != nil {
			return nil
		}
		found := token.String() == name
		member, err := decoder.ReadValue()
		if err != nil || found {
			return member
		}
	}
	return nil
}
