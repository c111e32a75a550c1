package run

import (
	"context"
	"fmt"
	"time"
)

// watchEvery is how often the groups are looked at; what lasts shorter may go unseen.
const watchEvery = 50 * time.Millisecond

// watch logs, until ctx ends, when a group gets ready or is so no longer, when it owns another number of partitions, and when
// no broker answers.
func (p *Process) watch(ctx context.Context) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	seen := make([]sight, len(p.groups))
	for i := range seen {
		seen[i].since = time.Now()
	}
	var heard hearing
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			if line := heard.look(p.reach.silence(now)); line != "" {
				p.settings.Log.Warn().Msg(line)
			}
			for i, g := range p.groups {
				if line := seen[i].look(now, g.member.Ready(), int(g.owned.Load())); line != "" {
					p.settings.Log.Info().Str("processor", g.Short).Msg(g.Short + ": " + line)
				}
			}
		}
	}
}

// hearing is whether brokers answered when that was looked at last.
type hearing struct{ silent bool }

// look returns what to say about a silence ("": there is none), "" for nothing: its beginning and its end are said, once each.
func (h *hearing) look(silence string) string {
	switch {
	case silence != "" && !h.silent:
		h.silent = true
		return silence
	case silence == "" && h.silent:
		h.silent = false
		return "brokers answer again"
	}
	return ""
}

// sight is what was seen last of a group.
type sight struct {
	ready, before bool // before: it was ready once
	since         time.Time
	owned         int
}

// look returns what to say about a group that waits for something (nil: ready) and owns so many partitions, "" for nothing.
// What it waits for may change often; it is said once.
func (s *sight) look(now time.Time, waiting error, owned int) string {
	switch {
	case waiting != nil && s.ready:
		s.ready, s.since = false, now
		return "not ready: " + waiting.Error()
	case waiting != nil:
		return ""
	case !s.ready:
		again := ""
		if s.before {
			again = " again"
		}
		s.ready, s.before, s.owned = true, true, owned
		return fmt.Sprintf("ready%s after %s, owns %s", again, now.Sub(s.since).Round(time.Millisecond), partitions(owned))
	case owned != s.owned:
		had := s.owned
		s.owned = owned
		return fmt.Sprintf("owns %s, before %d", partitions(owned), had)
	}
	return ""
}

func partitions(n int) string {
	if n == 1 {
		return "1 partition"
	}
	return fmt.Sprintf("%d partitions", n)
}
