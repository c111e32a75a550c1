package ceiling

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Watch reads topics from their start, read_committed, and calls seen with what each poll brought, which is when those
// records became visible to a reader that waits for them. It returns nil once seen returns false, else the broker's or
// the context's error.
//
// Further options come after Watch's own. To see only what is produced from now on, give
// kgo.ConsumeResetOffset(kgo.NewOffset().AfterMilli(now)); AtEnd would miss what comes before the end is looked up.
func Watch(ctx context.Context, brokers, topics []string,
	seen func(visibleAt time.Time, records []*kgo.Record) (more bool), opts ...kgo.Opt) error {
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(brokers...), kgo.MetadataMinAge(metadataMinAge), kgo.ConsumeTopics(topics...),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchMinBytes(1),
	}, opts...)...)
	if err != nil {
		return fmt.Errorf("watching %q: %w", topics, err)
	}
	defer client.Close()
	for {
		fetches := client.PollFetches(ctx)
		visibleAt := time.Now()
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("watching %q: %w", topics, err)
		}
		if records := fetches.Records(); len(records) > 0 && !seen(visibleAt, records) {
			return nil
		}
	}
}
