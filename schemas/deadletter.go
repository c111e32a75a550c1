package schemas

// Refused is the data of record.refused: an input that the engine would not take, and why.
type Refused struct {
	Reason Reason `json:"reason"`
	// Detail names the field and the rule, never the payload.
	Detail    string  `json:"detail"`
	Topic     string  `json:"topic"`
	Partition int32   `json:"partition"`
	Offset    int64   `json:"offset"`
	Timestamp Instant `json:"timestamp"`
	// KeyBase64 holds the first 64 KiB of the key; KeyBytes is of the whole.
	KeyBase64 string `json:"key_base64"`
	KeyBytes  int64  `json:"key_bytes"`
	// ValueBase64 holds the first RefusedValueMaxBytes of the value; ValueBytes and ValueSHA256 are of the whole.
	ValueBase64 string `json:"value_base64"`
	ValueBytes  int64  `json:"value_bytes"`
	ValueSHA256 string `json:"value_sha256"` // 64 hex digits, lower case
	// Headers holds as many as fit into 256 KiB, from the first on and each one whole; HeadersTotal counts them all.
	Headers      []RefusedHeader `json:"headers"`
	HeadersTotal int64           `json:"headers_total"`
}

// RefusedHeader is one Kafka header of the refused record. What is no UTF-8 in the name is replaced by U+FFFD.
type RefusedHeader struct {
	Key         string `json:"key"`
	ValueBase64 string `json:"value_base64"`
}

// Reason says why a record was refused.
type Reason string

// The reasons, in the order in which they are looked for: the first that holds is named.
const (
	TooLarge         Reason = "too-large"
	TooDeep          Reason = "too-deep"
	Malformed        Reason = "malformed"
	UnknownType      Reason = "unknown-type"
	KeyMismatch      Reason = "key-mismatch"
	BadSchema        Reason = "schema"
	InvalidZone      Reason = "invalid-zone"
	SkippedLocalTime Reason = "skipped-local-time"
	InvalidWindow    Reason = "invalid-window"
	InvalidMoney     Reason = "invalid-money"
	UnknownCampaign  Reason = "unknown-campaign"
	RevisionConflict Reason = "revision-conflict"
)

// Reasons returns all reasons, in that order.
func Reasons() []Reason {
	return []Reason{
		TooLarge, TooDeep, Malformed, UnknownType, KeyMismatch, BadSchema, InvalidZone, SkippedLocalTime, InvalidWindow,
		InvalidMoney, UnknownCampaign, RevisionConflict,
	}
}
