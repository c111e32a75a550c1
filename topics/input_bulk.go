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
