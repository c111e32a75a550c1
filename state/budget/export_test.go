package budget

// BlockLength sets how many elements a block of a campaign's history has, and returns how many it had.
func BlockLength(length int) (before int) {
	before, blockLength = blockLength, length
	return before
}
