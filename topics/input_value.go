package topics

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// The functions below read one value of compact text each and return the rule that it breaks, or "". The JSON
// Schemas in schemas/json state the same rules; a test holds the two against each other.

const (
	ruleText      = "must be a string"
	ruleGivenText = "must be a string that is not empty"
	ruleInstant   = "must be an RFC 3339 instant, for example 2026-12-01T05:00:00Z"
	ruleLocal     = "must be a wall-clock time, for example 2026-12-01T00:00:00"
)

// readText reads a string of at most limit characters (Unicode code points).
func readText(value string, limit int) (content, rule string) {
	content, is := text(value)
	if !is {
		return "", ruleText
	}
	if len(content) > limit && utf8.RuneCountInString(content) > limit {
		return "", fmt.Sprintf("must have at most %d characters", limit)
	}
	return content, ""
}

// readGivenText reads a string of 1 to limit characters.
func readGivenText(value string, limit int) (content, rule string) {
	content, rule = readText(value, limit)
	if rule == "" && content == "" {
		return "", ruleGivenText
	}
	return content, rule
}

// readMatch reads a string of at most limit characters that matches.
func readMatch(value string, limit int, matches func(string) bool, otherwise string) (content, rule string) {
	content, rule = readText(value, limit)
	if rule == "" && !matches(content) {
		return "", otherwise
	}
	return content, rule
}

// readID reads the id of a campaign, an advertiser, a creative.
func readID(value string) (id, rule string) {
	return readMatch(value, schemas.IDMaxChars, schemas.IsID, "must match "+schemas.IDPattern)
}

// readStoreID reads the id of a store, which stands in topic names.
func readStoreID(value string) (id, rule string) {
	return readMatch(value, schemas.IDMaxChars, schemas.IsStoreID, "must match "+schemas.StoreIDPattern)
}

// readInteger reads a whole number. Compact text writes every whole double below 1e21 without a point or an
// exponent, so 1.0 and 1e0 are read as 1, and nothing else has to be understood here.
func readInteger(value string, least, most int64) (n int64, rule string) {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < least || n > most {
		return 0, fmt.Sprintf("must be an integer from %d to %d", least, most)
	}
	return n, ""
}

func readInstantValue(value string) (at schemas.Instant, rule string) {
	content, is := text(value)
	if !is || at.UnmarshalText([]byte(content)) != nil {
		return 0, ruleInstant
	}
	return at, ""
}

// readLocal reads a wall-clock time to the second, with up to nine decimals. Whether a zone has that time is judged
// where zones are understood.
func readLocal(value string) (local, rule string) {
	return readMatch(value, schemas.LocalMaxChars, isLocal, ruleLocal)
}

const localLayout = "2006-01-02T15:04:05"

func isLocal(local string) bool {
	_, err := time.Parse(localLayout, local)
	// time.Parse also takes an hour of one digit and a comma before the decimals.
	return err == nil && len(local) >= len(localLayout) && local[13] == ':' && strings.IndexByte(local, ',') < 0
}

func readDisambiguation(value string) (schemas.Disambiguation, string) {
	content, _ := text(value)
	switch d := schemas.Disambiguation(content); d {
	case schemas.Compatible, schemas.Earlier, schemas.Later, schemas.Reject:
		return d, ""
	}
	return "", "must be compatible, earlier, later or reject"
}
