package schemas

// The contract's limits on input.
const (
	RecordMaxBytes       = 1 << 20   // a record's value; more is too-large
	DefinitionMaxBytes   = 512 << 10 // the data of campaign.created and campaign.updated; more is too-large
	NestingMaxDepth      = 32        // objects and arrays inside each other; more is too-deep
	StoresMaxCount       = 10_000
	CreativesMaxCount    = 100
	ContactsMaxCount     = 50
	RefusedValueMaxBytes = 256 << 10 // how much of a refused value dead-letters keeps
)

// Limits that the contract leaves open. A text's length is counted in Unicode code points, as JSON Schema does.
const (
	// IntegerMax is 2^53-1, the largest integer that every JSON implementation reads exactly (RFC 7493, section 2.2).
	IntegerMax = 1<<53 - 1
	// SettlementGraceMaxSeconds is 366 days.
	SettlementGraceMaxSeconds = 366 * 24 * 60 * 60
	IDMaxChars                = 128
	NameMaxChars              = 256  // of a campaign, a contact
	ChangeReasonMaxChars      = 1024 // of a pause, a resume, a cancel
	ZoneMaxChars              = 128  // the longest name of tzdb has 32
	LocalMaxChars             = 29   // a wall-clock time with nine decimals
	TZDBMaxChars              = 16   // a version of the time zone database; 2025c has 5
	DecimalMaxChars           = 64   // an amount, a price, before it is looked at as a number
	CurrencyMaxChars          = 16   // likewise
	URLMaxChars               = 2048
	EmailMaxChars             = 254 // RFC 5321, section 4.5.3.1.3; RFC 3696, erratum 1690
	LocaleMaxChars            = 64
	TransitionIDMaxChars      = 256  // a campaign's id, a revision, a transition with a tzdb version
	CommandIDMaxChars         = 145  // a device's id and a playlist revision
	CapabilitiesMaxCount      = 100  // media types of a device
	MissingMaxCount           = 1000 // creatives in an ack
	AckErrorMaxChars          = 256
	ReadinessLinesMax         = 100  // of unready
	StatementLinesMax         = 1000 // of by_store and by_creative each
	// A play's impressions may have as many digits as an amount of money.
	ImpressionsMaxDigits   = 30 // before the point
	ImpressionsMaxDecimals = 12
)
