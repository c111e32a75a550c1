package topics_test

import (
	"fmt"
	"hash"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/topics"
)

// The vectors of Kafka's own UtilsTest.testMurmur2, there as signed numbers before the sign bit is dropped.
func TestHashIsKafkas(t *testing.T) {
	for key, murmur2 := range map[string]int32{
		"21":                         -973932308,
		"foobar":                     -790332482,
		"a-little-bit-long-string":   -985981536,
		"a-little-bit-longer-string": -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
		"abc": 479470107,
	} {
		if got, want := sum(key), uint32(murmur2)&0x7fffffff; got != want {
			t.Errorf("hash of %q = %d, want %d", key, got, want)
		}
	}
}

// One key goes to one partition, whoever asks: this room, a producer with Kafka's default partitioner, and goka.
func TestEverybodyAgreesOnThePartition(t *testing.T) {
	kafka := kgo.StickyKeyPartitioner(nil).ForTopic("any")
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 1, 200).Draw(t, "key")
		partitions := rapid.Int32Range(1, 10_000).Draw(t, "partitions")
		want := kafka.Partition(&kgo.Record{Key: key}, int(partitions))
		if got := topics.PartitionOf(key, partitions); int(got) != want {
			t.Fatalf("PartitionOf = %d, Kafka's partitioner = %d", got, want)
		}
		if got := gokaPartition(topics.NewHash, string(key), partitions); int(got) != want {
			t.Fatalf("goka = %d, Kafka's partitioner = %d", got, want)
		}
	})
}

func TestHashIsOfAllThatWasWritten(t *testing.T) {
	h := topics.NewHash()
	for _, part := range []string{"a-little", "", "-bit-long", "-string"} {
		fmt.Fprint(h, part)
	}
	if got, want := h.Sum32(), sum("a-little-bit-long-string"); got != want {
		t.Errorf("hash of parts = %d, of the whole = %d", got, want)
	}
	if got, want := fmt.Sprintf("%x", h.Sum([]byte{0xff})), fmt.Sprintf("ff%08x", h.Sum32()); got != want {
		t.Errorf("Sum appends %s, want %s", got, want)
	}
	h.Reset()
	if got, want := h.Sum32(), sum(""); got != want {
		t.Errorf("after Reset the hash is %d, want %d", got, want)
	}
}

func sum(key string) uint32 {
	h := topics.NewHash()
	fmt.Fprint(h, key)
	return h.Sum32()
}

// gokaPartition is what goka v1.1.17 does with a hasher in Processor.hash.
func gokaPartition(hasher func() hash.Hash32, key string, partitions int32) int32 {
	h := hasher()
	fmt.Fprint(h, key)
	signed := int32(h.Sum32())
	if signed < 0 {
		signed = -signed
	}
	return signed % partitions
}
