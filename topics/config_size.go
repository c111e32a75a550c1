package topics

import "github.com/rmn-arms/campaign-engine/schemas"

// The limits of what is produced. Kafka limits batches (max.message.bytes), and a client never splits a batch that was
// refused: it fails, and its transaction with it. So there is one limit for everything that the engine writes, above
// the largest record that it can be made to write.
const (
	// InputMaxBytes is the largest batch that an input topic takes. It is far above the contract's record limit, so
	// that a record over that limit becomes a dead letter (too-large) that somebody sees, rather than an error in one
	// producer's log.
	InputMaxBytes = 8 << 20
	// OutputMaxBytes is the largest batch that the engine writes, and that every topic that it writes takes. The
	// engine's producers are set to it (kgo.ProducerBatchMaxBytes).
	OutputMaxBytes = 4 << 20
	// KeyMaxBytes is the longest key that is looked at; more is too-large. An id of the contract has at most 128.
	// A dead letter for a longer one carries its first KeyMaxBytes, as its own key too.
	KeyMaxBytes = 64 << 10
	// HeadersMaxBytes bounds a record's headers, counted as HeaderBytes does; more is too-large. A dead letter carries
	// as many as fit, from the first on.
	HeadersMaxBytes = 256 << 10
)

// HeaderBytes is what one header counts for: its size in the JSON of a dead letter at its worst, where each byte of
// the name is written as \u00XX and the value is base64.
func HeaderBytes(keyBytes, valueBytes int) int {
	return len(`{"key":"","value_base64":""},`) + len(`\u0000`)*keyBytes + base64Bytes(valueBytes)
}

const (
	// batchMaxOverheadBytes is Kafka's batch header (61 bytes) and the variable-length fields of one record: length,
	// attributes, two deltas, and the lengths of key, value and headers. Source: Kafka protocol, Record Batch v2.
	batchMaxOverheadBytes = 61 + 5 + 1 + 10 + 5 + 5 + 5 + 5
	// envelopeMaxBytes is a CloudEvents envelope of the engine with the fixed fields of its data: texts and numbers,
	// ids of at most 128 bytes, a detail that names a field and a rule.
	envelopeMaxBytes = 8 << 10
)

// deadLetterMaxBytes is the largest record.refused as a batch of its own: the refused key twice, once as the record's
// key and once in base64, the headers, and the beginning of the value.
func deadLetterMaxBytes() int {
	return batchMaxOverheadBytes + envelopeMaxBytes + KeyMaxBytes + base64Bytes(KeyMaxBytes) + HeadersMaxBytes +
		base64Bytes(schemas.RefusedValueMaxBytes)
}

// loopMaxBytes is the largest record on a loop as a batch of its own: a whole input, in base64 as the worst form,
// with its key and headers. What is too-large is refused where it was read and never carried over.
func loopMaxBytes() int {
	return batchMaxOverheadBytes + envelopeMaxBytes + KeyMaxBytes + base64Bytes(KeyMaxBytes) + HeadersMaxBytes +
		base64Bytes(schemas.RecordMaxBytes)
}

// transitionMaxBytes is the largest transition or row as a batch of its own: it carries at most one definition, cut
// to what others may see, beside its own fields.
func transitionMaxBytes() int {
	return batchMaxOverheadBytes + 2*envelopeMaxBytes + schemas.DefinitionMaxBytes
}

// statementMaxBytes is the largest statement as a batch of its own: by_store and by_creative at their longest, each line an
// id, a count and a sum with its names.
func statementMaxBytes() int {
	const lineMaxBytes = 256 + schemas.IDMaxChars
	return batchMaxOverheadBytes + envelopeMaxBytes + 2*schemas.StatementLinesMax*lineMaxBytes
}

// readinessMaxBytes is the largest readiness as a batch of its own: unready at its longest, where each byte of a device's own
// word is written as \u00XX.
func readinessMaxBytes() int {
	const lineMaxBytes = 128 + 2*schemas.IDMaxChars + len(`\u0000`)*schemas.AckErrorMaxChars
	return batchMaxOverheadBytes + envelopeMaxBytes + schemas.ReadinessLinesMax*lineMaxBytes
}

// base64Bytes is the length of n bytes in base64 with padding.
func base64Bytes(n int) int { return (n + 2) / 3 * 4 }
