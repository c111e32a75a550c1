package topics

import (
	"encoding/binary"
	"hash"
)

// PartitionOf returns the partition of a key among partitions (at least 1): where Kafka's default partitioner puts
// it. Source: Kafka's BuiltInPartitioner.partitionForKey, murmur2 without its sign bit, modulo the count.
func PartitionOf(key []byte, partitions int32) int32 {
	return int32(positive(murmur2(key))) % partitions
}

// NewHash returns the same hash as a hash.Hash32. It is for goka.WithHasher: goka's own modulo then gives PartitionOf.
func NewHash() hash.Hash32 {
	h := &keyHash{}
	h.key = h.inline[:0]
	return h
}

// keyHash collects a key. Murmur2 begins with the length of the whole, so nothing can be hashed as it comes in.
type keyHash struct {
	key    []byte
	inline [128]byte // goka makes a hash per key; an id of the contract fits, so that it is one allocation
}

func (h *keyHash) Write(p []byte) (int, error) {
	h.key = append(h.key, p...)
	return len(p), nil
}

func (h *keyHash) Sum32() uint32       { return positive(murmur2(h.key)) }
func (h *keyHash) Sum(b []byte) []byte { return binary.BigEndian.AppendUint32(b, h.Sum32()) }
func (h *keyHash) Reset()              { h.key = h.key[:0] }
func (h *keyHash) Size() int           { return 4 }
func (h *keyHash) BlockSize() int      { return 4 }

// positive drops the sign bit, as Kafka's Utils.toPositive does; it does not negate, as goka and sarama would.
func positive(sum uint32) uint32 { return sum &^ (1 << 31) }

// murmur2 is Austin Appleby's MurmurHash2 for 32 bits with the seed that Kafka's Utils.murmur2 uses.
func murmur2(key []byte) uint32 {
	const (
		seed     = 0x9747b28c
		multiply = 0x5bd1e995
		shift    = 24
	)
	sum := uint32(seed) ^ uint32(len(key))
	for ; len(key) >= 4; key = key[4:] {
		word := binary.LittleEndian.Uint32(key) * multiply
		word ^= word >> shift
		sum = sum*multiply ^ word*multiply
	}
	if len(key) > 0 {
		for i, b := range key {
			sum ^= uint32(b) << (8 * i)
		}
		sum *= multiply
	}
	sum ^= sum >> 13
	sum *= multiply
	return sum ^ sum>>15
}
