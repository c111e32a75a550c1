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
