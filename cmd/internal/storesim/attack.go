package storesim

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/fault"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/link"
	"github.com/rmn-arms/campaign-engine/schemas"
)

// attack lets an attacker loose on each store, if the faults say so.
func (w *world) attack(ctx context.Context, running *sync.WaitGroup, stores map[string]*store) {
	if w.Faults.Replay+w.Faults.Forge <= 0 {
		return
	}
	attacker := fault.NewAttacker(w.Faults.Seed, w.clock.Now)
	ids := make([]string, 0, len(stores))
	for id := range stores {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for i, id := range ids {
		siege := siege{world: w, attacker: attacker, target: stores[id], other: stores[ids[(i+1)%len(ids)]]}
		if len(ids) == 1 {
			siege.other = nil
		}
		running.Go(func() { siege.run(ctx) })
	}
}

// siege is the attack on one store, with what is seen at another one.
type siege struct {
	world         *world
	attacker      *fault.Attacker
	target, other *store
}

func (s *siege) run(ctx context.Context) {
	p := &s.world.Faults
	for n := int64(0); p.For <= 0 || time.Duration(n)*p.Every < p.For; n++ {
		kind, after, draw := p.Attack(s.target.id, n)
		if !s.wait(ctx, s.world.began.Add(time.Duration(n)*p.Every+after)) {
			return
		}
		if kind == "" {
			continue
		}
		var foreign []fault.Record
		if s.other != nil {
			foreign = s.other.genuine(s.world)
		}
		if record, made := s.attacker.Make(kind, s.target.genuine(s.world), foreign, draw); made {
			s.strike(kind, record)
		}
	}
}

// genuine returns what was seen in a store's topic and is signed by the engine, in an order that does not depend on chance.
func (st *store) genuine(w *world) []fault.Record {
	seen := slices.DeleteFunc(st.shelf.Seen(), func(r fault.Record) bool { return w.keys.Check(r.JWS, r.Value) != "" })
	slices.SortFunc(seen, func(a, b fault.Record) int {
		return slices.Compare([]byte(a.Key+"\x00"+a.JWS), []byte(b.Key+"\x00"+b.JWS))
	})
	return seen
}

func (s *siege) strike(kind fault.Attack, record fault.Record) {
	storeID := s.target.id
	s.world.sender.Raw(storeID, link.Record{Record: record}, func(offset int64, err error) {
		line := journal.Line{
			At: schemas.InstantOf(s.world.clock.Now()), Event: journal.Attack, Device: record.Key, Store: storeID, Reason: string(kind),
		}
		if err != nil {
			line.Error = err.Error()
		} else {
			line.Offset = &offset
		}
		s.world.sink(line)
	})
}

func (s *siege) wait(ctx context.Context, until time.Time) bool {
	over := make(chan struct{})
	stop := s.world.clock.AfterFunc(until, func() { close(over) })
	defer stop()
	select {
	case <-over:
		return true
	case <-ctx.Done():
		return false
	}
}
