package oracle

import (
	"cmp"
	"crypto/sha256"
	"fmt"
)

// routed is a record of a store's topic.
type routed struct {
	offset  int64
	key     string
	sum     [sha256.Size]byte // of its bytes
	command *command          // whose bytes it has; nil for none
	forged  error             // what is wrong with its signature
}

// Routed takes a record of a store's topic. The keys must have been taken before.
func (b *Book) Routed(store string, r Record) error {
	b.stores[store] = append(b.stores[store], routed{
		offset: r.Offset, key: r.Key, sum: sha256.Sum256(r.Value), forged: verify(b.keys, r.JWS, r.Value),
	})
	return nil
}

// matchRouted finds the commands that lie in the stores' topics.
func (b *Book) matchRouted() {
	for _, records := range b.stores {
		for i := range records {
			records[i].command = b.byHash[records[i].sum]
		}
	}
}

// judgeRouted looks at what lies in the stores' topics beside what the attacker has put there.
func (b *Book) judgeRouted(f *findings) {
	for store, records := range b.stores {
		before := map[string]*command{}
		for i := range records {
			r := &records[i]
			at := place{store, r.offset}
			if b.attacks[at] != "" {
				continue
			}
			c := r.command
			switch {
			case c == nil:
				f.add(at, "it is no record of device-commands")
				continue
			case r.forged != nil:
				f.add(at, "its signature is not right: %v", r.forged)
			case c.to != unitID{r.key, store}:
				f.add(at, "under key %s lies %v", r.key, c)
			}
			c.routed++
			if last := before[r.key]; last != nil &&
				cmp.Or(cmp.Compare(c.revision, last.revision), cmp.Compare(c.attempt, last.attempt)) <= 0 {
				f.add(at, "%v comes after %v", c, last)
			}
			before[r.key] = c
		}
	}
	for _, c := range b.commands {
		if c.routed != 1 {
			f.add(c, "it lies in its store's topic %d times", c.routed)
		}
	}
}

func (p place) String() string { return fmt.Sprintf("record %d of store %s", p.offset, p.store) }
