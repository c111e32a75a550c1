package processors

import (
	"fmt"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/playlist"
	"github.com/rmn-arms/campaign-engine/topics"
)

// benchStore is a store of 10 devices and 500 campaigns of two creatives, whose devices have been sent their playlists.
type benchStore struct {
	b      *testing.B
	row    []byte
	parts  buckets
	now    instant.Instant
	offset int64
}

const (
	benchDevices   = 10
	benchCampaigns = 500
)

func newBenchStore(b *testing.B) *benchStore {
	s := &benchStore{b: b, row: playlist.New().AppendBinary(nil), parts: buckets{}, now: 1_796_000_000_000}
	for i := range benchDevices {
		s.with(func(store *playlist.Store, from playlist.Origin) error {
			p := playlist.Presence{DeviceID: fmt.Sprintf("d-%d", i), At: s.now, Present: true}
			_, err := store.Attend(s.parts, &p, from, s.now)
			return err
		})
	}
	for i := range benchCampaigns {
		s.place(benchPlacement(i, 1, 1))
	}
	s.flush()
	return s
}

func benchPlacement(i int, sequence, version int64) playlist.Placement {
	p := playlist.Placement{
		CampaignID: fmt.Sprintf("campaign-%05d", i), Sequence: sequence, Revision: 1, Placed: true,
		StartsAt: 1_796_100_000_000, EndsAt: 1_796_700_000_000,
	}
	for j := range 2 {
		p.Creatives = append(p.Creatives, playlist.Creative{
			ID: fmt.Sprintf("creative-%05d-%d", i, j), Version: version, URL: fmt.Sprintf("https://cdn.example/creatives/%d/%d.mp4", i, j),
			SHA256: fmt.Sprintf("%064x", i), Bytes: 1 << 20, MIME: "video/mp4", DurationMs: 15000,
		})
	}
	return p
}

// with does something to the store, from its bytes to its bytes.
func (s *benchStore) with(do func(*playlist.Store, playlist.Origin) error) {
	value, err := storeRows{}.Decode(s.row)
	store, is := value.(*playlist.Store)
	if err != nil || !is {
		s.b.Fatal("the row cannot be read")
	}
	s.offset++
	if err := do(store, playlist.Origin{Position: playlist.Position{Offset: s.offset}, Timestamp: s.now}); err != nil {
		s.b.Fatal(err)
	}
	if s.row, err = (storeRows{}).Encode(store); err != nil {
		s.b.Fatal(err)
	}
}

func (s *benchStore) place(p playlist.Placement) {
	s.with(func(store *playlist.Store, from playlist.Origin) error {
		_, err := store.Place(s.parts, &p, from, s.now)
		return err
	})
}

// flush lets a second pass, and returns how many commands were written, and their bytes.
func (s *benchStore) flush() (commands, changes, size int) {
	for until := s.now + 1000; ; {
		due, _ := storeRows{}.DueOf(s.row)
		if due > until {
			s.now = until
			return commands, changes, size
		}
		s.now = max(s.now, due)
		s.with(func(store *playlist.Store, _ playlist.Origin) error {
			fired, err := store.Fire(s.parts, "store-1", s.now)
			for i := range fired.Commands {
				event := commandEvent("store-1", &fired.Commands[i])
				encoded, err := topics.CommandCodec{}.Encode(&event)
				if err != nil {
					s.b.Fatal(err)
				}
				commands, size = commands+1, size+len(encoded)
			}
			for i := range fired.Changes {
				encoded, err := readinessChanges{}.Encode(&fired.Changes[i].Change)
				if err != nil {
					s.b.Fatal(err)
				}
				changes, size = changes+1, size+len(encoded)
			}
			return err
		})
	}
}

// BenchmarkStoreFlush changes one campaign of the store and flushes it: all that stores does for that, the engine apart.
func BenchmarkStoreFlush(b *testing.B) {
	s := newBenchStore(b)
	b.ReportAllocs()
	b.ResetTimer()
	sent := 0
	for i := range b.N {
		s.place(benchPlacement(i%benchCampaigns, int64(i)+2, int64(i)+2))
		commands, _, size := s.flush()
		if commands != benchDevices {
			b.Fatalf("%d commands", commands)
		}
		sent += size
	}
	b.ReportMetric(float64(sent)/float64(b.N), "bytes-sent/op")
}

// BenchmarkStoreReadiness lets one device take back and say again that it is ready for all, and flushes each.
func BenchmarkStoreReadiness(b *testing.B) {
	s := newBenchStore(b)
	revision := int64(s.now) - 1000
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		ack := playlist.Ack{DeviceID: "d-3", Revision: revision, Status: playlist.Ready}
		if i%2 > 0 {
			ack.Status, ack.Missing = playlist.Underway, []string{"creative-00007-0"}
		}
		s.with(func(store *playlist.Store, from playlist.Origin) error {
			outcome, err := store.Hear(s.parts, &ack, from.Position, s.now)
			if outcome != playlist.Taken {
				b.Fatalf("an ack was %s", outcome)
			}
			return err
		})
		if _, changes, _ := s.flush(); i > 0 && changes != 1 {
			b.Fatalf("%d changes", changes)
		}
	}
}

// BenchmarkStorePlace places one campaign, without a flush.
func BenchmarkStorePlace(b *testing.B) {
	s := newBenchStore(b)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		s.place(benchPlacement(i%benchCampaigns, int64(i)+2, 1))
	}
}

// BenchmarkStoreSmall places the only campaign of a store with five devices anew, and flushes it: what a campaign on ten
// thousand stores costs for each.
func BenchmarkStoreSmall(b *testing.B) {
	s := &benchStore{b: b, row: playlist.New().AppendBinary(nil), parts: buckets{}, now: 1_796_000_000_000}
	for i := range 5 {
		s.with(func(store *playlist.Store, from playlist.Origin) error {
			p := playlist.Presence{DeviceID: fmt.Sprintf("d-%d", i), At: s.now, Present: true}
			_, err := store.Attend(s.parts, &p, from, s.now)
			return err
		})
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		s.place(benchPlacement(1, int64(i)+1, int64(i)+1))
		if commands, _, _ := s.flush(); commands != 5 {
			b.Fatalf("%d commands", commands)
		}
	}
}
