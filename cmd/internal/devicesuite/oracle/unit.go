package oracle

func (u *unit) boot(l *lineJSON) {
	u.bootAt, u.skew, u.ppm = l.At.UnixMilli(), l.OffsetMs, l.PPM
	if l.Revision != u.obeys.revision {
		u.wrong.add(u.id, "it boots with revision %d, and has obeyed %d", l.Revision, u.obeys.revision)
	}
	u.shows = nil
	was := u.held
	u.held = map[string]bool{} // more than before if a fetch had just come to its end
	for _, sha := range l.Cache {
		u.held[sha] = true
		delete(was, sha)
	}
	if len(was) > 0 {
		u.wrong.add(u.id, "it boots without %d contents that it had", len(was))
	}
}

func (u *unit) wipe() {
	u.obeys, u.shows = obeyed{}, nil
	u.wiped++
	clear(u.held)
}

// obey takes a command; what is shown and is in it no more must go from the screen before anything else comes.
func (u *unit) obey(o obeyed, l *lineJSON) {
	switch {
	case l.Event == "obeyed" && o.revision <= u.obeys.revision:
		u.wrong.add(u.id, "it obeys revision %d after %d", o.revision, u.obeys.revision)
	case l.Event == "repeated" && (o.revision != u.obeys.revision || o.attempt <= u.obeys.attempt):
		u.wrong.add(u.id, "it repeats %d/%d after %d/%d", o.revision, o.attempt, u.obeys.revision, u.obeys.attempt)
	}
	u.obeys = o
	u.told = append(u.told, o)
	if s := u.shows; s != nil && l.DeviceAt.UnixMilli() < s.ends && !u.maySee(s) {
		s.mustStop = true
	}
}

// maySee says whether what is shown may be shown to its end by what the device obeys.
func (u *unit) maySee(s *screen) bool {
	for i := range u.obeys.list {
		e := &u.obeys.list[i]
		if e.campaign == s.entry.campaign && e.id == s.entry.id && e.sha == s.entry.sha && e.starts <= s.started && s.ends <= e.ends {
			return true
		}
	}
	return false
}

// spotMin is how long the shortest spot lasts, in ms.
const spotMin = 100

// start looks whether the device may show what it shows: it obeys a playlist that has it, has the content, and the whole spot is
// inside the window by the device's own clock.
func (u *unit) start(l *lineJSON) {
	at := l.DeviceAt.UnixMilli()
	u.judgeClock(l, at)
	if u.shows != nil {
		u.wrong.add(u.id, "it starts play %s while it shows another one", l.PlayID)
	}
	if u.shown[l.PlayID] != nil {
		u.wrong.add(u.id, "it starts play %s twice", l.PlayID)
	}
	s := &screen{started: at, ends: at, life: u.wiped}
	found := false
	for i := range u.obeys.list {
		e := &u.obeys.list[i]
		if e.campaign == l.Campaign && e.id == l.Creative && e.sha == l.SHA256 &&
			e.starts == l.StartsAt.UnixMilli() && e.ends == l.EndsAt.UnixMilli() {
			s.entry, found = *e, true
			break
		}
	}
	u.shows, u.shown[l.PlayID] = s, s
	if !found {
		u.wrong.add(u.id, "it shows %s of campaign %s, which is not in the playlist that it obeys", l.Creative, l.Campaign)
		s.entry.campaign, s.entry.id = l.Campaign, l.Creative
		s.ends = l.EndsAt.UnixMilli()
		return
	}
	s.ends = at + max(s.entry.lasts, spotMin)
	switch {
	case at < s.entry.starts || s.ends > s.entry.ends:
		u.wrong.add(u.id, "it shows %s of campaign %s outside its window: from %d to %d ms of [%d, %d)", l.Creative, l.Campaign,
			at, s.ends, s.entry.starts, s.entry.ends)
	case !u.held[s.entry.sha]:
		u.wrong.add(u.id, "it shows %s of campaign %s, whose content it does not have", l.Creative, l.Campaign)
	}
}

// judgeClock holds what the device says of the time against what is known of its clock.
func (u *unit) judgeClock(l *lineJSON, at int64) {
	drift := (l.At.UnixMilli() - u.bootAt) * u.ppm / 1_000_000
	if off := at - l.At.UnixMilli() - u.skew - drift; off < -2 || off > 2 {
		u.wrong.add(u.id, "its clock is %d ms off what it should be", off)
	}
}

func (u *unit) end(l *lineJSON) {
	s := u.shows
	if s == nil || s != u.shown[l.PlayID] {
		u.wrong.add(u.id, "it ends play %s, and does not show it", l.PlayID)
		return
	}
	u.shows = nil
	s.reason, s.ended = l.Reason, min(l.DeviceAt.UnixMilli(), s.ends)
	switch {
	case s.mustStop && l.Reason == "done":
		u.wrong.add(u.id, "it shows %s of campaign %s on, after a command without it", l.Creative, l.Campaign)
	case l.Reason == "done" && l.DeviceAt.UnixMilli() < s.ends:
		u.wrong.add(u.id, "play %s is over before its end", l.PlayID)
	}
}

// judgeUnits adds what was found line by line, and looks at what was obeyed.
func (b *Book) judgeUnits(f *findings) {
	at := map[place]*routed{}
	for store, records := range b.stores {
		for i := range records {
			at[place{store, records[i].offset}] = &records[i]
		}
	}
	for _, u := range b.units {
		f.merge(&u.wrong)
		for i := range u.told {
			o := &u.told[i]
			where := place{u.id.store, o.offset}
			r := at[where]
			switch attack := b.attacks[where]; {
			case attack != "":
				f.add(u.id, "it obeys what an attacker (%s) put there: %v", attack, where)
			case r == nil || r.command == nil || r.forged != nil:
				f.add(u.id, "it obeys %v, which is no command of the engine", where)
			case r.command.to != u.id || r.command.revision != o.revision || r.command.attempt != o.attempt ||
				!same(r.command.list, o.list):
				f.add(u.id, "it obeys %d/%d with %d entries at %v, where %v lies with %d", o.revision, o.attempt, len(o.list), where,
					r.command, len(r.command.list))
			default:
				b.ObeyLate = append(b.ObeyLate, o.at-r.command.at)
			}
		}
	}
}
