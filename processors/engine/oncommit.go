package engine

import "sync"

// hooks are what callbacks want to be done when their transaction has committed.
type hooks struct {
	mu   sync.Mutex
	list []func()
}

// OnCommit has do called once the transaction of the present callback is known to be committed: on the engine's own
// goroutine, in the order in which it was asked for, so do must not block. After an abort, or when nobody knows whether it
// was one, do is not called. Where no engine runs it is called at once.
func OnCommit(ctx Context, do func()) {
	c, is := ctx.(*callbackContext)
	if !is || c.engine == nil {
		do()
		return
	}
	if t := c.engine.emitting.Load(); t != nil {
		t.hooks.add(do)
	}
}

func (h *hooks) add(do func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, do)
}

// take empties the list. Its memory is not used again: it is the largest burst's, and most transactions have few.
func (h *hooks) take() []func() {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := h.list
	h.list = nil
	return list
}
