package simulate

import (
	"fmt"

	"github.com/rmn-arms/campaign-engine/cmd/internal/unfold"
	"github.com/rmn-arms/campaign-engine/topics"
)

// output writes records as lines on a goroutine of its own, so that the simulation does not wait for it. Their order is that in
// which they were put.
type output struct {
	to   place
	note func(topics.Record) // sees each record
	// batch gathers what goes over next, of bytes.
	batch []topics.Record
	bytes int
	full  chan []topics.Record
	empty chan []topics.Record
	// ended is closed when all is written, or something cannot be: then failed says why.
	ended  chan struct{}
	failed error
}

// place is where lines go.
type place interface {
	// write takes a line with its end.
	write(topic string, line []byte) error
	flush() error
	// publish shows what was written as the result, once all is written and well.
	publish() error
}

// The bounds of what waits to be written.
const (
	batchMaxRecords = 1024
	batchMaxBytes   = 1 << 20
	batchesMax      = 8
)

func newOutput(to place, note func(topics.Record)) *output {
	o := &output{
		to: to, note: note, ended: make(chan struct{}),
		full: make(chan []topics.Record, batchesMax), empty: make(chan []topics.Record, batchesMax+2),
	}
	go o.run()
	return o
}

// put takes a record. Its error is that of an earlier one.
func (o *output) put(record topics.Record) error {
	o.batch = append(o.batch, record)
	o.bytes += len(record.Value)
	if len(o.batch) < batchMaxRecords && o.bytes < batchMaxBytes {
		return nil
	}
	return o.hand()
}

// hand hands the batch over.
func (o *output) hand() error {
	select {
	case o.full <- o.batch:
	case <-o.ended:
		return o.failed
	}
	o.bytes = 0
	select {
	case o.batch = <-o.empty:
	default:
		o.batch = make([]topics.Record, 0, batchMaxRecords)
	}
	return nil
}

// close writes what is left, and returns when all is written.
func (o *output) close() error {
	err := o.hand()
	close(o.full)
	<-o.ended
	if err == nil {
		err = o.failed
	}
	return err
}

func (o *output) run() {
	defer close(o.ended)
	var line []byte
	for batch := range o.full {
		for _, record := range batch {
			o.note(record)
			line = append(unfold.AppendLine(line[:0], record), '\n')
			if err := o.to.write(record.Topic, line); err != nil {
				o.failed = fmt.Errorf("writing the records: %w", err)
				return
			}
		}
		clear(batch)
		select {
		case o.empty <- batch[:0]:
		default:
		}
	}
	if err := o.to.flush(); err != nil {
		o.failed = fmt.Errorf("writing the records: %w", err)
	}
}
