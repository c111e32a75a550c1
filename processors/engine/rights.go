package engine

import (
	"context"
	"errors"

	"github.com/rmn-arms/campaign-engine/topics"
)

// awaitRights waits until this process may do again what its group needs, and tells what it may not. Who has no right to
// read an input must not join: the group would be given the other inputs alone.
func (e *Engine) awaitRights(ctx context.Context) {
	told := ""
	for pause := retryMin; ctx.Err() == nil; pause = min(2*pause, retryMax) {
		missing := e.missingRights(ctx)
		if missing == nil {
			return
		}
		e.status.wait(missing.Error())
		if told != missing.Error() {
			told = missing.Error()
			e.config.Log.Error().Err(missing).Msg("the group stands still until its rights are back")
		}
		sleep(ctx, pause)
	}
}

// missingRights returns what this process may not do; nil when it may do all, or when nobody answers.
func (e *Engine) missingRights(ctx context.Context) error {
	if e.config.Rights == nil {
		return nil
	}
	if err := e.config.Rights(ctx); errors.Is(err, topics.ErrRights) {
		return err
	}
	return nil
}

// explained returns the error, with the right that is missing when it says that one is.
func (e *Engine) explained(ctx context.Context, err error) error {
	if !topics.Unauthorized(err) {
		return err
	}
	return errors.Join(e.missingRights(ctx), err)
}
