package sink

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// identify asks the brokers for the ids of the topics, however long it takes. A topic that is made anew later has records that
// the client, which goes by its id, does not read; then, or when the member begins anew, its new id is found here.
func (s *Sink) identify(ctx context.Context) error {
	client, err := kgo.NewClient(s.config.Connect...)
	if err != nil {
		return fmt.Errorf("making the client: %w", err)
	}
	defer client.Close()
	return s.retry(ctx, "asking for the topics", func() error {
		found, err := kadm.NewClient(client).ListTopics(ctx, s.config.Topics...)
		if err != nil {
			return fmt.Errorf("asking for the topics: %w", err)
		}
		ids := make(map[string]TopicID, len(found))
		for name, topic := range found {
			if topic.Err != nil {
				return fmt.Errorf("asking for topic %s: %w", name, topic.Err)
			}
			ids[name] = TopicID(topic.ID)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ids, s.severed = ids, false
		return nil
	})
}
