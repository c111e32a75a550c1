package topics

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Settle is to be called between the last acknowledgement of a transaction's records and its end, where it has produced to a
// topic for the first time in the client's life. It waits until the client has noted the topic.
//
// franz-go (v1.22.2) sends what waited for a topic's metadata before it notes the topic, and EndTransaction looks at noted topics
// only. A transaction that ends in between
//   - is aborted although a commit was asked for, and no error is returned, when it has neither another topic nor positions;
//   - does not begin that topic's sequence numbers anew, and the next transaction is refused (OUT_OF_ORDER_SEQUENCE_NUMBER).
//
// To abort what is buffered, when nothing is, does no more than to wait for that. An error is the context's.
func Settle(ctx context.Context, client *kgo.Client) error {
	if err := client.AbortBufferedRecords(ctx); err != nil {
		return fmt.Errorf("settling new topics: %w", err)
	}
	return nil
}
