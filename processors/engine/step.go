package engine

// Step is a place on the way from a poll to a commit.
type Step string

// The steps, in their order.
const (
	StepPolled    Step = "polled"    // records have been fetched
	StepBegun     Step = "begun"     // a transaction is open
	StepMoved     Step = "moved"     // positions have moved over records that no callback has seen
	StepFired     Step = "fired"     // callbacks have taken timers
	StepRead      Step = "read"      // callbacks have taken records
	StepRowsSent  Step = "rows-sent" // rows are on their way to the table topic
	StepFlushed   Step = "flushed"   // the brokers have all records
	StepOffsets   Step = "offsets"   // positions are about to be added to the transaction
	StepCommitted Step = "committed" // the transaction has ended, the rows in memory do not know
	StepKept      Step = "kept"      // they do
)

// Steps lists all steps.
func Steps() []Step {
	return []Step{
		StepPolled, StepBegun, StepMoved, StepFired, StepRead, StepRowsSent, StepFlushed, StepOffsets, StepCommitted, StepKept,
	}
}

// at tells the hook of tests that a step has been reached.
func (e *Engine) at(step Step) {
	if e.config.Reached != nil {
		e.config.Reached(step)
	}
}
