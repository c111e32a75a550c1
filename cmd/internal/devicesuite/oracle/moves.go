package oracle

// judgeMoves looks at the commands of a device in all its stores. The old store sends commands until it has read that the device
// has left, and by then the next one may have sent some. So of a later store the newest command has a higher revision than all
// of the stores before: what comes lower is topped.
func (b *Book) judgeMoves(device string, all []*command, f *findings) {
	streams := map[string][]*command{}
	for _, c := range all {
		streams[c.to.store] = append(streams[c.to.store], c)
	}
	judgeTwins(streams, f)
	visits, is, returns := b.visits(device)
	if returns { // no command says to which stay it belongs, but that the newest of all is of the store where the device is
		if is {
			here := streams[visits[len(visits)-1]]
			delete(streams, visits[len(visits)-1])
			above(here, highest(streams), f)
		}
		return
	}
	before := map[string][]*command{}
	for _, store := range visits {
		b.Counts.Topped += above(streams[store], highest(before), f)
		before[store] = streams[store]
	}
}

// visits returns the stores in which a device was, in their order; whether it is in the last of them still; and whether it was in
// one that it had left before.
func (b *Book) visits(device string) (stores []string, is, returns bool) {
	stays, now := b.stays(device)
	seen := map[string]bool{}
	for i := range stays {
		store := stays[i].store
		if len(stores) > 0 && stores[len(stores)-1] == store {
			continue
		}
		returns = returns || seen[store]
		seen[store] = true
		stores = append(stores, store)
	}
	return stores, now != nil, returns
}

// above judges whether the newest command of a store is above one of the stores before, and returns how many of its revisions are
// not, and were topped.
func above(stream []*command, before *command, f *findings) (topped int) {
	if len(stream) == 0 || before == nil {
		return 0
	}
	if newest := stream[len(stream)-1]; newest.revision <= before.revision {
		f.add(newest, "it is the newest of its store, and not above %v, from where the device had moved to here", before)
		return 0
	}
	for _, c := range stream {
		if c.attempt == 1 && c.revision <= before.revision {
			topped++
		}
	}
	return topped
}

// highest returns the command of the highest revision, nil of none.
func highest(streams map[string][]*command) (highest *command) {
	for _, stream := range streams {
		for _, c := range stream {
			if highest == nil || c.revision > highest.revision {
				highest = c
			}
		}
	}
	return highest
}

// judgeTwins finds revisions that two stores have sent a device, and neither of them has topped.
func judgeTwins(streams map[string][]*command, f *findings) {
	newest := map[int64]*command{}
	for _, stream := range streams {
		last := stream[len(stream)-1]
		if twin := newest[last.revision]; twin != nil {
			f.add(last, "it has the revision of %v", twin)
		}
		newest[last.revision] = last
	}
}
