package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// ErrOvertaken is what *Overtaken is: another owner has written on.
var ErrOvertaken = errors.New("another owner has written on")

// Overtaken says that a position of the batch was not where the writer believed it to be, and that nothing was written.
// When Present says Next of the own batch, it may be that the batch itself was written by a call whose answer was lost.
type Overtaken struct {
	Present map[Partition]int64 // of the batch's partitions; Unread where there is none
}

func (o *Overtaken) Error() string {
	return fmt.Sprintf("%v: the positions are %v", ErrOvertaken, o.Present)
}

// Is makes errors.Is find ErrOvertaken.
func (o *Overtaken) Is(target error) bool { return target == ErrOvertaken }

// Positions returns where each partition of these topics was written up to; a partition without a position is left out.
func (s *Store) Positions(ctx context.Context, topics ...string) (map[Partition]int64, error) {
	present := make(map[Partition]int64)
	err := s.bounded(ctx, "reading the positions", func(ctx context.Context) error {
		rows, err := s.pool.Query(ctx, `SELECT topic, partition, next_offset FROM campaign_engine.source_positions
WHERE topic = ANY ($1::text[])`, topics)
		if err != nil {
			return err
		}
		return scanPositions(rows, present)
	})
	if err != nil {
		return nil, err
	}
	return present, nil
}

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

// advance moves the positions, each from where the writer believes it to be, or returns *Overtaken.
func advance(ctx context.Context, tx pgx.Tx, positions []Advance) error {
	if len(positions) == 0 {
		return nil
	}
	isFirst := func(p Advance) bool { return p.From == Unread }
	moved := slices.DeleteFunc(slices.Clone(positions), isFirst)
	first := slices.DeleteFunc(slices.Clone(positions), func(p Advance) bool { return !isFirst(p) })
	count := 0
	for statement, rows := range map[string][]Advance{movePositions: moved, firstPositions: first} {
		if len(rows) == 0 {
			continue
		}
		done, err := tx.Exec(ctx, statement, positionColumns(rows)...)
		if err != nil {
			return err
		}
		count += int(done.RowsAffected())
	}
	if count == len(positions) {
		return nil
	}
	present, err := presentPositions(ctx, tx, positions)
	if err != nil {
		return err
	}
	return &Overtaken{Present: present}
}

// presentPositions reads the positions as they are in this transaction.
func presentPositions(ctx context.Context, tx pgx.Tx, positions []Advance) (map[Partition]int64, error) {
	present := make(map[Partition]int64, len(positions))
	for _, p := range positions {
		present[p.Partition] = Unread
	}
	rows, err := tx.Query(ctx, readPositions, positionColumns(positions)[:2]...)
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
	}
}

const (
	movePositions = `UPDATE campaign_engine.source_positions p SET next_offset = n.next, updated_at = now()
FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[]) AS n (topic, partition, expected, next)
WHERE p.topic = n.topic AND p.partition = n.partition AND p.next_offset = n.expected`

	firstPositions = `INSERT INTO campaign_engine.source_positions (topic, partition, next_offset)
SELECT topic, partition, next FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::bigint[]) AS n (topic, partition, expected, next)
WHERE expected = -1 ON CONFLICT DO NOTHING`

	readPositions = `SELECT p.topic, p.partition, p.next_offset FROM campaign_engine.source_positions p
JOIN unnest($1::text[], $2::integer[]) AS n (topic, partition) ON p.topic = n.topic AND p.partition = n.partition`
)
