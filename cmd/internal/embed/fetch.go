package embed

import (
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// responseBytes is what a fetch may bring. Clients of franz-go read answers of up to 100 MiB.
const responseBytes = 90 << 20

// widenFetches lets no fetch end because of its size as a whole. When kfake stops there in the middle of a partition, it
// forgets to say which of that partition's transactions were aborted, and a read_committed reader takes their records
// for committed. Where it stops because of the partition's own limit, it does not. So all is well as long as the
// partitions of a fetch, times their limits, stay below responseBytes: 90 partitions with the usual limit of 1 MiB.
func widenFetches(cluster *kfake.Cluster) {
	cluster.ControlKey(int16(kmsg.Fetch), func(request kmsg.Request) (kmsg.Response, error, bool) {
		if fetch, is := request.(*kmsg.FetchRequest); is {
			fetch.MaxBytes = max(fetch.MaxBytes, responseBytes)
		}
		return nil, nil, false
	})
}
