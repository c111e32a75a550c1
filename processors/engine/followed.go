package engine

import (
	"github.com/lovoo/goka/storage"

	"github.com/rmn-arms/campaign-engine/state/table"
)

// followed holds a partition of another group's table (Join, Lookup), which goka reads. It knows how far: goka asks when
// its recovery has ended, and would else read the table once more from the start, under callbacks that would see values
// go back in time.
type followed struct{ *table.Table }

var _ storage.Storage = followed{}

func newFollowed() followed { return followed{table.New(nil)} }

// Set implements storage.Storage. What others have committed takes no part in this group's transactions.
func (f followed) Set(key string, value []byte) error {
	f.Load(key, value, f.Offset())
	return nil
}

// Delete implements storage.Storage.
func (f followed) Delete(key string) error { return f.Set(key, nil) }

// SetOffset implements storage.Storage: goka has stored the record at offset.
func (f followed) SetOffset(offset int64) error {
	f.Advance(offset + 1)
	return nil
}

// GetOffset implements storage.Storage: the offset of the last record that was stored.
func (f followed) GetOffset(unknown int64) (int64, error) {
	if next := f.Offset(); next > 0 {
		return next - 1, nil
	}
	return unknown, nil
}
