package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// ErrOvertaken is what *OvertakenError is: another owner has written on.
var ErrOvertaken = errors.New("another owner has written on")

// OvertakenError says that a position of the batch was not where the writer believed it to be, and that nothing was written.
// When Present says Next of the own batch, it may be that the batch itself was written by a call whose answer was lost.
type OvertakenError struct {
	Present map[Partition]int64 // of the batch's partitions; Unread where there is none
}

func (o *OvertakenError) Error() string {
	return fmt.Sprintf("%v: the positions are %v", ErrOvertaken, o.Present)
}

// Is makes errors.Is find ErrOvertaken.
func (o *OvertakenError) Is(target error) bool { return target == ErrOvertaken }

// Rewind forgets the positions of topics, so that they are read again from their beginning. What is written stays.
func (s *Store) Rewind(ctx context.Context, topics ...string) error {
	return s.bounded(ctx, "forgetting the positions", func(ctx context.Context) error {
		_, err := s.pool.Exec(ctx, `DELETE FROM campaign_engine.source_positions WHERE topic = ANY ($1::text[])`, topics)
		return err
	})
}

func scanPositions(rows pgx.Rows, into map[Partition]int64) error {
	var p Partition
	var next int64
	_, err := pgx.ForEachRow(rows, []any{&p.Topic, &p.Partition, &next}, func() error {
		into[p] = next
		return nil
	})
	return err
}

// errMoved says that somebody who does not wait for turns has moved a position meanwhile.
var errMoved = errors.New("a position moved while its turn was another's")

// reader is the table that has the positions of one who reads topics.
type reader string

// ledgerReader writes campaigns and their money, mailReader what is mailed.
const (
	ledgerReader reader = "campaign_engine.source_positions"
	mailReader   reader = "campaign_engine.mail_positions"
)

// sql puts the table's name into a statement.
func (of reader) sql(statement string) string {
	return strings.ReplaceAll(statement, "POSITIONS", string(of))
}

// advance moves the positions, each from where the writer believes it to be, or returns *OvertakenError.
func (of reader) advance(ctx context.Context, tx pgx.Tx, positions []Advance) error {
	if len(positions) == 0 {
		return nil
	}
	present, err := of.present(ctx, tx, positions)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(positions, func(p Advance) bool { return present[p.Partition] != p.From }) {
		return &OvertakenError{Present: present}
	}
	if err := of.sameTopics(ctx, tx, positions); err != nil {
		return err
	}
	done, err := tx.Exec(ctx, of.sql(movePositions), positionColumns(positions)...)
	if err == nil && int(done.RowsAffected()) != len(positions) {
		err = &Error{Doing: "moving the positions", Retryable: true, Reason: "another program writes to the same tables", Err: errMoved}
	}
	return err
}

// sameTopics refuses positions that are another topic's.
func (of reader) sameTopics(ctx context.Context, tx pgx.Tx, positions []Advance) error {
	others, err := collect(ctx, tx, pgx.RowTo[string], of.sql(otherTopics), positionColumns(positions)...)
	if err == nil && len(others) > 0 {
		err = otherTopic(others[0])
	}
	return err
}

// present reads the positions as they are in this transaction.
func (of reader) present(ctx context.Context, tx pgx.Tx, positions []Advance) (map[Partition]int64, error) {
	present := make(map[Partition]int64, len(positions))
	for _, p := range positions {
		present[p.Partition] = Unread
	}
	rows, err := tx.Query(ctx, of.sql(readPositions), positionColumns(positions)[:2]...)
	if err != nil {
		return nil, err
	}
	return present, scanPositions(rows, present)
}

func positionColumns(rows []Advance) []any {
	return []any{
		column(rows, func(p *Advance) string { return p.Topic }),
		column(rows, func(p *Advance) int32 { return p.Partition.Partition }),
		column(rows, func(p *Advance) int64 { return p.From }),
		column(rows, func(p *Advance) int64 { return p.Next }),
		column(rows, func(p *Advance) pgtype.UUID { return p.TopicID.column() }),
	}
}

const (
	movePositions = `INSERT INTO POSITIONS AS p (topic, partition, next_offset, topic_id)
SELECT topic, partition, next, topic_id
FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[], $5::uuid[]) AS n (topic, partition, expected, next, topic_id)
ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset, updated_at = now(),
  topic_id = coalesce(excluded.topic_id, p.topic_id)
WHERE p.next_offset = (SELECT expected FROM unnest($1::text[], $2::integer[], $3::bigint[]) AS m (topic, partition, expected)
  WHERE m.topic = p.topic AND m.partition = p.partition)`

	otherTopics = `SELECT p.topic FROM POSITIONS p
JOIN unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[], $5::uuid[]) AS n (topic, partition, expected, next, topic_id)
  ON p.topic = n.topic AND p.partition = n.partition
WHERE p.topic_id <> n.topic_id ORDER BY p.topic`

	readPositions = `SELECT p.topic, p.partition, p.next_offset FROM POSITIONS p
JOIN unnest($1::text[], $2::integer[]) AS n (topic, partition) ON p.topic = n.topic AND p.partition = n.partition`
)
