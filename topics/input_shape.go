package topics

import (
	"fmt"
	"strconv"
	"strings"
)

// breach is a broken rule of a shape. field is its path below what was read, for instance creatives[3].sha256, and
// empty for the thing itself; rule is a sentence without anything of the payload.
type breach struct{ field, rule string }

// null is JSON's null: for an optional member the same as absent.
const null = "null"

const (
	ruleRequired = "is required"
	ruleObject   = "must be an object"
)

// breachAt returns the breach of a rule by a field, or nil for the empty rule.
func breachAt(field, rule string) *breach {
	if rule == "" {
		return nil
	}
	return &breach{field: field, rule: rule}
}

// under puts a breach, if there is one, below a field.
func (b *breach) under(field string) *breach {
	switch {
	case b == nil:
		return nil
	case b.field == "" || strings.HasPrefix(b.field, "["):
		return &breach{field: field + b.field, rule: b.rule}
	}
	return &breach{field: field + "." + b.field, rule: b.rule}
}

// readMembers hands the members of an object to set, as they come and without those that are null, and stops at the
// first breach.
func readMembers(object part, set func(name string, value part) *breach) *breach {
	if !object.isObject() {
		return breachAt("", ruleObject)
	}
	for name, value := range object.members() {
		if value.text == null {
			continue
		}
		if broken := set(name, value); broken != nil {
			return broken
		}
	}
	return nil
}

// readArray reads up to limit elements.
func readArray[E any](array part, limit int, read func(part) (E, *breach)) ([]E, *breach) {
	if !array.isArray() {
		return nil, breachAt("", "must be an array")
	}
	var all []E // nil for an empty array
	if count := array.count(); count > 0 {
		all = make([]E, 0, min(count, limit))
	}
	for value := range array.elements() {
		if len(all) == limit {
			return nil, breachAt("", fmt.Sprintf("must have at most %d elements", limit))
		}
		element, broken := read(value)
		if broken != nil {
			return nil, broken.under("[" + strconv.Itoa(len(all)) + "]")
		}
		all = append(all, element)
	}
	return all, nil
}
