package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/config"
	"github.com/rmn-arms/campaign-engine/topics"
)

// refusals counts how often in a row the brokers have refused this process. A refusal is believed when it comes again: a
// broker that has just started may not know all users yet, and what only closes connections may stand before brokers that
// are still to come.
type refusals struct{ certain, guessed int }

const (
	certainMax = 3 // within about a second
	guessedMax = 5 // within about 15 s
	// refusedPause is waited after a certain refusal.
	refusedPause = 300 * time.Millisecond
)

// note takes the next error into account and says whether it is to be believed; what passes by itself never is.
func (r *refusals) note(err error) (believed bool) {
	var refusal *config.RefusalError
	switch {
	case !errors.As(err, &refusal):
		*r = refusals{}
	case refusal.Guessed:
		r.guessed++
	default:
		r.certain++
	}
	return r.certain >= certainMax || r.guessed >= guessedMax
}

// reached returns an error when no broker answers.
func (p *Process) reached(ctx context.Context, client *kgo.Client) error {
	ctx, cancel := context.WithTimeout(ctx, reachMax)
	defer cancel()
	if err := client.Ping(ctx); err != nil {
		return fmt.Errorf("reaching the brokers: %w", err)
	}
	return nil
}

// mayStart returns the rights that this process lacks as the error, else err.
func (p *Process) mayStart(ctx context.Context, admin *topics.Admin, err error) error {
	if err != nil && !errors.Is(err, topics.ErrRights) && !topics.Unauthorized(err) {
		return err
	}
	if lacking := p.lacking(ctx, admin, p.settings.Groups...); lacking != nil && err != nil {
		return fmt.Errorf("%w (%w)", lacking, err)
	} else if lacking != nil {
		return lacking
	}
	if errors.Is(err, topics.ErrRights) { // a topic is missing or differs, and this process may not mend it
		err = fmt.Errorf("%w; or let somebody who may run campaignd topics apply", err)
	}
	return topics.LackedBy(p.settings.Kafka.Principal(), err)
}

// rights asks whether this process may do all that a group needs.
func (p *Process) rights(ctx context.Context, group topics.Group) error {
	client, err := kgo.NewClient(p.settings.Connect...)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	defer client.Close()
	return p.lacking(ctx, topics.NewAdmin(client), group)
}

// lacking returns the rights that groups need and this process lacks, as a topics.MissingRightsError; nil when it has all.
func (p *Process) lacking(ctx context.Context, admin *topics.Admin, groups ...topics.Group) error {
	var needed []topics.Right
	for _, group := range groups {
		needed = append(needed, topics.RightsOf(group)...)
	}
	lacking, err := admin.Lacking(ctx, needed)
	switch {
	case err != nil:
		return err
	case len(lacking) > 0:
		return &topics.MissingRightsError{Principal: p.settings.Kafka.Principal(), Rights: lacking}
	}
	return nil
}
