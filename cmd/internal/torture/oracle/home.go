package oracle

import "encoding/binary"

// home returns the partition of a key: where Kafka's own producers put it. Source: org.apache.kafka.common.utils.Utils,
// murmur2 and toPositive; it is written down here once more, so that a mistake in the engine's hash is seen.
func home(key string, partitions int32) int32 {
	return int32(murmur2([]byte(key))&0x7fffffff) % partitions
}

func murmur2(key []byte) uint32 {
	const m = 0x5bd1e995
	h := 0x9747b28c ^ uint32(len(key))
	for ; len(key) >= 4; key = key[4:] {
		k := binary.LittleEndian.Uint32(key) * m
		h = h*m ^ (k^k>>24)*m
	}
	switch len(key) {
	case 3:
		h ^= uint32(key[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(key[1]) << 8
		fallthrough
	case 1:
		h = (h ^ uint32(key[0])) * m
	}
	h = (h ^ h>>13) * m
	return h ^ h>>15
}

// checkHomes holds that what is said of a campaign, and its rows, lie in the campaign's partition, wherever its inputs were
// put: a consumer that knows Kafka's hash finds them there, and what was misplaced for good has two orders one day.
func checkHomes(logs Logs, tables Tables, names Names, partitions int32, findings *Findings) {
	look := func(what, key, at string, partition int32) {
		if want := home(key, partitions); partition != want {
			findings.add(Wrong, "I5", key, at, "%s lies in partition %d, its campaign belongs into %d", what, partition, want)
		}
	}
	for _, log := range []struct {
		topic   string
		records []Record
	}{{names.Due, logs.Due}, {names.Applied, logs.Applied}, {names.Rejected, logs.Rejected}} {
		for i := range log.records {
			r := &log.records[i]
			look("a transition", r.Key, position(log.topic, r), r.Partition)
		}
	}
	for _, row := range tables.Timers {
		look("a timer row", row.Campaign, row.At, row.Partition)
	}
	for i := range tables.Status {
		row := &tables.Status[i]
		look("a status row", row.Campaign, row.At, row.Partition)
	}
}
