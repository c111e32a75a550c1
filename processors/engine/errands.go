package engine

import (
	"context"
	"sync"
)

// errands are what an assignment waits for beside its loop, so that nothing that is asked of a broker holds up what could
// go on: recovering rows, and looking how far the inputs reach. An errand runs in a goroutine of its own and posts steps;
// the loop takes them between two batches, so only the loop changes what the loop works with.
type errands struct {
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu    sync.Mutex
	steps []func()
	err   error
	wake  func() // of a loop that waits; nil when none does
}

func newErrands(ctx context.Context) *errands {
	e := &errands{}
	e.ctx, e.cancel = context.WithCancel(ctx)
	return e
}

// run starts an errand. Its error is the loop's, unless the errands have been told to end.
func (e *errands) run(errand func(ctx context.Context) error) {
	e.running.Go(func() {
		if err := errand(e.ctx); err != nil && e.ctx.Err() == nil {
			e.tell(func() { e.err = err })
		}
	})
}

// post hands a step to the loop.
func (e *errands) post(step func()) { e.tell(func() { e.steps = append(e.steps, step) }) }

func (e *errands) tell(news func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	news()
	if e.wake != nil {
		e.wake()
	}
}

// take returns what has been posted since the last call, or the error that an errand ended with.
func (e *errands) take() ([]func(), error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	steps := e.steps
	e.steps = nil
	return steps, e.err
}

// onNews lets wake be called when something is posted, also when it has been already, until stop.
func (e *errands) onNews(wake func()) (stop func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.wake = wake
	if len(e.steps) > 0 || e.err != nil {
		wake()
	}
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.wake = nil
	}
}

// stop ends all errands and waits for them: none touches rows any more.
func (e *errands) stop() {
	e.cancel()
	e.running.Wait()
}
