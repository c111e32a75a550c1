package pgstore

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// TopicID is one life of a topic (KIP-516): the topic of the same name in another cluster has another id, and so has one that
// was deleted and made anew. The zero id is not known, and is held against nothing.
type TopicID [16]byte

func (id TopicID) column() pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: id != TopicID{}} }

var errOtherTopic = errors.New("the offsets of one say nothing about the other")

// otherTopic is the error of tables whose positions are another topic's. To go on would pass over records in silence.
func otherTopic(topic string) error {
	return &Error{
		Doing: "comparing tables and topics", Err: errOtherTopic,
		Reason: "the tables were written from another topic " + topic + " than the brokers have: from another cluster's, or from one " +
			"that was deleted since; reach the brokers that they were written from, or have the tables made anew (README, \"Money\")",
	}
}

// CheckTopics refuses topics of which the tables hold something, but from others of these names. Errors: *Error.
func (r *Reader) CheckTopics(ctx context.Context, ids map[string]TopicID) error {
	return r.checkTopics(ctx, ledgerReader, ids)
}

// CheckMailTopics is CheckTopics of what is mailed.
func (r *Reader) CheckMailTopics(ctx context.Context, ids map[string]TopicID) error {
	return r.checkTopics(ctx, mailReader, ids)
}

func (r *Reader) checkTopics(ctx context.Context, of reader, ids map[string]TopicID) error {
	var names []string
	for name := range ids {
		names = append(names, name)
	}
	return r.bounded(ctx, "comparing tables and topics", func(ctx context.Context) error {
		rows, err := r.rows.Query(ctx, of.sql(`SELECT DISTINCT topic, topic_id FROM POSITIONS
WHERE topic = ANY ($1::text[]) AND topic_id IS NOT NULL ORDER BY topic`), names)
		if err != nil {
			return err
		}
		var name string
		var id [16]byte
		_, err = pgx.ForEachRow(rows, []any{&name, &id}, func() error {
			if given := ids[name]; given != (TopicID{}) && given != id {
				return otherTopic(name)
			}
			return nil
		})
		return err
	})
}
