package oracle

// Record is a committed record. Instants are milliseconds since 1970-01-01T00:00:00Z, here and everywhere in the package.
type Record struct {
	Partition int32
	Offset    int64
	Timestamp int64
	Key       string
	Value     []byte // nil: a tombstone
	Headers   map[string]string
}

// RefusedHeader is the header by which an input whose form is broken on purpose says for what reason it is to be refused.
const RefusedHeader = "planted-refusal"

// Logs are the committed records of the topics. Those of one partition stand in the order of their offsets.
type Logs struct {
	Events      []Record // campaign-events
	Due         []Record // transitions-due
	Applied     []Record // transitions-applied
	Rejected    []Record // transitions-rejected
	DeadLetters []Record // dead-letters
}

// Settings are what the engine was told, and what is known of the run.
type Settings struct {
	LeadMs     int64 // --distribution-lead
	GraceMs    int64 // --settlement-grace
	Partitions int32 // of each topic; 0: nobody looks where a campaign's records lie
	// Until is the instant up to which all that was due must have been decided.
	Until int64
	// Calm says whether nothing was broken at an instant, nor shortly before. While something is, a change may be decided
	// before a timer that was due: the contract lets a new owner read its inputs to their end first. Nil: never calm.
	Calm func(at int64) bool
}
