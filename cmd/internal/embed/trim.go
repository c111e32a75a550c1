package embed

import (
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// keepLast deletes one record less than a client wants deleted. Where kfake deletes all that a partition has, no file of its log
// is left, and after its next start it counts from 0 again, though snapshot.json knows better: a group whose position lies
// behind that can neither read nor write there any more. The engine deletes all that was read of its loops.
//
// What begins at the record that is wanted is refused then as out of range. Deleting everything there is, -1, is let through:
// nobody asks for it.
func keepLast(cluster *kfake.Cluster) {
	cluster.ControlKey(int16(kmsg.DeleteRecords), func(request kmsg.Request) (kmsg.Response, error, bool) {
		if deletion, is := request.(*kmsg.DeleteRecordsRequest); is {
			for i := range deletion.Topics {
				for j := range deletion.Topics[i].Partitions {
					if p := &deletion.Topics[i].Partitions[j]; p.Offset > 0 {
						p.Offset--
					}
				}
			}
		}
		return nil, nil, false
	})
}
