package post

import (
	"sync"
	"time"
)

// way is what is known of the way to the server, drawn from what becomes of mails. While it takes none they all wait, in growing
// pauses; after each, one finds out. Instants are by Clock.Elapsed.
type way struct {
	mu      sync.Mutex
	reason  string        // why no mail leaves, "" when they may
	until   time.Duration // when it is tried again
	pause   time.Duration // the last one; zero: the server took the last mail
	doubt   bool          // a last line had no answer: only the answer to another one ends the pauses
	fades   bool          // the reason holds for the pause alone: no mail waits for it
	probing bool          // a mail is on its way that finds out
}

// isOpen says whether mails may leave.
func (w *way) isOpen(now time.Duration) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.until <= now
}

// closed says why no mail leaves, "" when they may.
func (w *way) closed(now time.Duration) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fades && w.until <= now {
		return ""
	}
	return w.reason
}

// most returns how many of so many mails may be taken in hand. When it is one that is to find out, probe says so: until probed is
// called no other may.
func (w *way) most(now time.Duration, most int) (allowed int, probe bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.until > now || w.probing:
		return 0, false
	case w.pause > 0:
		w.probing = true
		return 1, true
	}
	return most, false
}

// probed says that a mail has found out, or takes too long for others to wait for it.
func (w *way) probed() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.probing = false
}

// news is what has changed of the way.
type news int

const (
	asBefore  news = iota
	nowClosed      // for another reason than before
	nowOpen
)

// note draws from an answer whether the server takes mails. final says that the mail's last line had gone out.
func (w *way) note(now time.Duration, answer Answer, final bool) news {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch answer.Verdict {
	case Unreachable, Unknown:
		w.doubt = w.doubt || answer.Verdict == Unknown
		if w.until > now {
			return asBefore // another mail has found that out already
		}
		was := w.reason
		w.pause = min(max(2*w.pause, pauseMin), pauseMax)
		w.until, w.reason, w.fades = now+w.pause, line(answer.Text), answer.Verdict == Unknown
		if w.reason != was {
			return nowClosed
		}
	case Accepted, Refused, Later:
		if w.doubt && !final {
			return asBefore
		}
		was := w.reason
		w.reason, w.until, w.pause, w.doubt, w.fades = "", 0, 0, false, false
		if was != "" {
			return nowOpen
		}
	}
	return asBefore
}
