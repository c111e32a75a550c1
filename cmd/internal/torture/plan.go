package torture

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Kind is a kind of fault.
type Kind string

// The kinds of faults.
const (
	KillProcess   Kind = "kill-process"   // SIGKILL, started again after a while
	KillTwice     Kind = "kill-twice"     // and killed again while it recovers
	StopProcess   Kind = "stop-process"   // SIGTERM, started again
	PauseProcess  Kind = "pause-process"  // SIGSTOP beyond the session time-out, then SIGCONT
	Storm         Kind = "storm"          // several quick restarts and pauses: one rebalance in the other
	KillBroker    Kind = "kill-broker"    // SIGKILL, started again
	KillBrokers   Kind = "kill-2-brokers" // no quorum is left, of controllers nor of replicas
	CutLink       Kind = "cut-link"       // one process and one broker
	Isolate       Kind = "isolate"        // one process and all brokers
	SlowLink      Kind = "slow-link"      // latency
	ThinLink      Kind = "thin-link"      // bandwidth
	HalfOpenLink  Kind = "half-open-link" // what one side sends is dropped, nothing is closed
	ReplayInputs  Kind = "replay-inputs"  // all that was published so far, again
	KillCommitter Kind = "kill-in-burst"  // SIGKILL just after many timers have come due at one instant
)

// Target names a broker by what it does at the moment of the fault.
type Target string

// The targets of faults at brokers.
const (
	LeaderOfInputs   Target = "leader of inputs"
	LeaderOfDues     Target = "leader of dues"
	CoordinatorGroup Target = "coordinator of the group"
	CoordinatorTxn   Target = "coordinator of the transactions"
)

// Fault is one thing that goes wrong, from At on and for Length; then it is healed.
type Fault struct {
	Kind    Kind
	At      time.Duration // from the beginning of the load
	Length  time.Duration
	Process int
	Broker  int // of a link
	Target  Target
	// Amount is the kind's own: ms of latency, KiB/s, ms until the second kill, how many steps of a storm.
	Amount   int
	Upstream bool // of a half-open link: what the process sends is lost; else what the broker sends
}

// String returns the fault as a line.
func (f Fault) String() string {
	what := ""
	switch f.Kind {
	case KillProcess, StopProcess, PauseProcess, Isolate, KillCommitter:
		what = fmt.Sprintf("engine-%d", f.Process+1)
	case KillTwice:
		what = fmt.Sprintf("engine-%d, again after %d ms", f.Process+1, f.Amount)
	case Storm:
		what = fmt.Sprintf("%d steps", f.Amount)
	case KillBroker, KillBrokers:
		what = "the " + string(f.Target)
	case CutLink:
		what = fmt.Sprintf("engine-%d to broker %d", f.Process+1, f.Broker+1)
	case SlowLink:
		what = fmt.Sprintf("engine-%d to broker %d, %d ms", f.Process+1, f.Broker+1, f.Amount)
	case ThinLink:
		what = fmt.Sprintf("engine-%d to broker %d, %d KiB/s", f.Process+1, f.Broker+1, f.Amount)
	case HalfOpenLink:
		what = fmt.Sprintf("engine-%d to broker %d, upstream %t", f.Process+1, f.Broker+1, f.Upstream)
	}
	return fmt.Sprintf("%6.1f s  %-14s %4.1f s  %s", f.At.Seconds(), f.Kind, f.Length.Seconds(), what)
}

const (
	processes = 3
	brokers   = 3
	// sessionTimeout is the engine's.
	sessionTimeout = 6 * time.Second
	// firstFault leaves the run a while in which nothing is broken.
	firstFault = 6 * time.Second
	// restMin is how long nothing new breaks in a lane after a fault was healed.
	restMin = 3 * time.Second
	restMax = 8 * time.Second
)

// lane is a line of faults, one after the other; the lanes go on side by side.
type lane struct {
	random *rand.Rand
	plan   []Fault
}

// Plan returns the faults of a run of a length: the same seed gives the same ones. Two lanes run side by side, processes and
// brokers in one, links and inputs in the other; in a lane each fault is healed before the next one comes, and all are before
// the end.
func Plan(seed uint64, length time.Duration) []Fault {
	first := &lane{random: rand.New(rand.NewPCG(seed, 1))}
	first.fill(length, []Kind{
		KillProcess, PauseProcess, KillBroker, KillTwice, StopProcess, Storm, KillBrokers, KillCommitter, KillProcess, PauseProcess,
	})
	second := &lane{random: rand.New(rand.NewPCG(seed, 2))}
	second.fill(length, []Kind{Isolate, SlowLink, HalfOpenLink, ReplayInputs, CutLink, ThinLink, HalfOpenLink})
	plan := slices.Concat(first.plan, second.plan)
	slices.SortStableFunc(plan, func(a, b Fault) int { return cmp.Compare(a.At, b.At) })
	return plan
}

// fill goes through the kinds in a random order, again and again, so that a long run has all of them.
func (l *lane) fill(length time.Duration, kinds []Kind) {
	at := firstFault + l.ms(0, 2*time.Second)
	for {
		l.random.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
		for _, kind := range kinds {
			f := l.fault(kind)
			f.At = at
			if at += f.Length; at > length {
				return
			}
			l.plan = append(l.plan, f)
			at += l.ms(restMin, restMax)
		}
	}
}

func (l *lane) fault(kind Kind) Fault {
	f := Fault{Kind: kind, Process: l.random.IntN(processes), Broker: l.random.IntN(brokers)}
	switch kind {
	case KillProcess, KillCommitter:
		f.Length = l.shortOrLong(300*time.Millisecond, 3*time.Second, sessionTimeout+time.Second, sessionTimeout+4*time.Second)
	case KillTwice:
		f.Length, f.Amount = l.ms(4*time.Second, 6*time.Second), int(l.ms(100*time.Millisecond, 3*time.Second).Milliseconds())
	case StopProcess:
		f.Length = l.ms(500*time.Millisecond, 4*time.Second)
	case PauseProcess:
		f.Length = l.ms(sessionTimeout+1500*time.Millisecond, 2*sessionTimeout+2*time.Second)
	case Storm:
		f.Length, f.Amount = 10*time.Second, 5+l.random.IntN(4)
	case KillBroker, KillBrokers:
		targets := []Target{LeaderOfInputs, LeaderOfDues, CoordinatorGroup, CoordinatorTxn}
		f.Length, f.Target = l.ms(2*time.Second, 8*time.Second), targets[l.random.IntN(len(targets))]
	case CutLink, Isolate:
		f.Length = l.shortOrLong(time.Second, 4*time.Second, sessionTimeout+2*time.Second, 2*sessionTimeout)
	case SlowLink:
		f.Length, f.Amount = l.ms(5*time.Second, 12*time.Second), 20+l.random.IntN(600)
	case ThinLink:
		f.Length, f.Amount = l.ms(5*time.Second, 12*time.Second), 20+l.random.IntN(200)
	case HalfOpenLink:
		f.Length, f.Upstream = l.ms(5*time.Second, 15*time.Second), l.random.IntN(2) == 0
	case ReplayInputs:
		f.Length = time.Second
	}
	return f
}

// shortOrLong returns a length within one of two bounds: below or beyond the session time-out.
func (l *lane) shortOrLong(a, b, c, d time.Duration) time.Duration {
	if l.random.IntN(2) == 0 {
		return l.ms(a, b)
	}
	return l.ms(c, d)
}

func (l *lane) ms(least, most time.Duration) time.Duration {
	return least + time.Duration(l.random.Int64N(int64((most-least)/time.Millisecond)))*time.Millisecond
}

// ShortPlan returns the faults of the short form, which are always the same.
func ShortPlan() []Fault {
	s := time.Second
	return []Fault{
		{Kind: KillProcess, At: 5 * s, Length: 8 * s, Process: 0},
		{Kind: SlowLink, At: 8 * s, Length: 6 * s, Process: 1, Broker: 0, Amount: 150},
		{Kind: KillBroker, At: 15 * s, Length: 3 * s, Target: CoordinatorTxn},
		{Kind: ReplayInputs, At: 19 * s, Length: s},
		{Kind: HalfOpenLink, At: 24 * s, Length: 7 * s, Process: 2, Broker: 1},
		{Kind: PauseProcess, At: 26 * s, Length: 9 * s, Process: 1},
		{Kind: Isolate, At: 36 * s, Length: 8 * s, Process: 2},
		{Kind: StopProcess, At: 38 * s, Length: s, Process: 0},
		{Kind: KillTwice, At: 44 * s, Length: 4 * s, Process: 1, Amount: 700},
	}
}
