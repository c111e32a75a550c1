package engine

// RowsOf returns how many rows of a partition are held, owned or not, and up to which offset of the table topic.
func (e *Engine) RowsOf(partition int32) (count int, offset int64) {
	rows := e.partitions.table(partition)
	count, _ = rows.Rows()
	return count, rows.Offset()
}

// Claimed returns the partitions that the group gives this process.
func (e *Engine) Claimed() []int32 {
	e.partitions.mu.RLock()
	defer e.partitions.mu.RUnlock()
	return e.partitions.claimed
}

// Looks are the looks of an assignment in one partition.
type Looks struct{ looks looks }

// NewLooks returns none.
func NewLooks() *Looks { return &Looks{newLooks(0)} }

// Note notes that a look is over once the loop is read up to an offset.
func (l *Looks) Note(number, loop int64) { l.looks.note(0, lookEnd{number, loop}) }

// Over returns the newest look that is over, 0 for none, and how many are kept.
func (l *Looks) Over(read int64) (number int64, kept int) {
	number, _ = l.looks.over(0, read)
	return number, len(l.looks.ends[0])
}
