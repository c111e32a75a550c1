package readiness_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rmn-arms/campaign-engine/state/readiness"
)

func FuzzChangeBytes(f *testing.F) {
	for _, change := range []readiness.Change{{}, changeOf("s-1", 3, 1, 2, 3, 4), changeOf("s-2", 1, 0, 0, 0, 500)} {
		f.Add(change.AppendBinary(nil))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var change, again readiness.Change
		if change.UnmarshalBinary(data) != nil {
			return
		}
		if written := change.AppendBinary(nil); string(written) != string(data) || again.UnmarshalBinary(written) != nil ||
			!cmp.Equal(change, again) {
			t.Errorf("%x is written as %x", data, written)
		}
	})
}
