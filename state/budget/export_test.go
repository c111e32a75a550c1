package budget

import (
	"encoding/binary"
	"hash/crc32"
)

// BlockLength sets how many elements a block of a campaign's history has, and returns how many it had.
func BlockLength(length int) (before int) {
	before, blockLength = blockLength, length
	return before
}

// WithSum appends to bytes what makes them look like an account.
func WithSum(b []byte) []byte {
	return binary.BigEndian.AppendUint32(b[:len(b):len(b)], crc32.Checksum(b, castagnoli))
}
