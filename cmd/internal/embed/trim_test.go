package embed_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
)

// TestOffsetsGoOnAfterAllWasDeleted: a partition of which everything was read and deleted does not begin again at 0, neither after
// a clean close nor after a kill.
func TestOffsetsGoOnAfterAllWasDeleted(t *testing.T) {
	for name, next := range map[string]func(*testing.T, string, func()) string{
		"closed": func(_ *testing.T, folder string, closed func()) string {
			closed()
			return folder
		},
		"killed": func(t *testing.T, folder string, _ func()) string { return killed(t, folder) },
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			b, closed := open(t, folder)
			p := producer(t, b)
			for number := range int64(3) {
				commit(t, p, number)
			}
			admin := kadm.NewClient(p)
			ends, err := admin.ListEndOffsets(within(t), topic)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // as the engine does: what was refused once, or done, is wanted again
				deleted, err := admin.DeleteRecords(within(t), ends.Offsets())
				if err == nil {
					err = deleted.Error()
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			again, _ := open(t, next(t, folder, closed))
			after, err := kadm.NewClient(client(t, again)).ListEndOffsets(within(t), topic)
			if err != nil {
				t.Fatal(err)
			}
			ends.Each(func(end kadm.ListedOffset) {
				if got, _ := after.Lookup(topic, end.Partition); got.Offset != end.Offset {
					t.Errorf("partition %d ended at %d, and ends at %d", end.Partition, end.Offset, got.Offset)
				}
			})
			p = producer(t, again)
			commit(t, p, 3)
			got, offsets := read(t, again) // what was deleted may be there once more
			for partition, numbers := range got {
				if len(numbers) == 0 || numbers[len(numbers)-1] != 3 || offsets[partition] != 3 {
					t.Errorf("partition %d holds %v, and the group's offset is %d", partition, numbers, offsets[partition])
				}
			}
		})
	}
}
