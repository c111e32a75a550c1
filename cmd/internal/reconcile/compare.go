package reconcile

import (
	"context"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

// Ledger is what is in the tables, all of it at one instant: that of the fold's positions. A *pgstore.Reader is one.
type Ledger interface {
	Holds(context.Context) iter.Seq2[pgstore.CampaignHold, error]
	Releases(context.Context) iter.Seq2[pgstore.BookedRelease, error]
	Statements(context.Context) iter.Seq2[pgstore.Statement, error]
	Wallets(context.Context) iter.Seq2[pgstore.Balance, error]
	Audit(context.Context) ([]pgstore.Break, error)
}

var _ Ledger = (*pgstore.Reader)(nil)

// Compare walks through the ledger and returns where it differs. It ends at the first error of the ledger. Nothing may be
// added to the fold any more, and Compare is called once.
func (f *Fold) Compare(ctx context.Context, ledger Ledger) (*Result, error) {
	for _, compare := range []func(context.Context, Ledger) error{
		f.compareHolds, f.compareReleases, f.compareStatements, f.compareWallets, f.unanswered, f.audit,
	} {
		if err := compare(ctx, ledger); err != nil {
			return nil, err
		}
	}
	return &f.result, nil
}

// booked says that the release should have been booked: it empties the hold.
func (c *campaign) booked() bool { return c.settled && c.release != nil && !c.release.pending }

// moving says that what is not projected yet may change the hold. Where positions were set back, the ledger has it already.
func (c *campaign) moving() bool { return c.ahead || c.release != nil && c.release.pending }

func (f *Fold) compareHolds(ctx context.Context, ledger Ledger) error {
	for h, err := range ledger.Holds(ctx) {
		if err != nil {
			return err
		}
		c := f.campaigns[h.CampaignID]
		if c == nil && !f.wanted(h.AdvertiserID) {
			continue
		}
		f.result.Ledger.Campaigns++
		if c == nil || c.sequence == 0 {
			f.breaks.add(Extra, "campaign", h.CampaignID, "no transition of it was ever applied")
			continue
		}
		c.seen = true
		f.compareHold(c, &h)
	}
	f.eachCampaign(func(id string, c *campaign) {
		if c.known && !c.seen {
			f.breaks.add(Missing, "campaign", id, "%s %s are to be held, or were released", text(&c.held), c.currency)
		}
	})
	return nil
}

func (f *Fold) compareHold(c *campaign, h *pgstore.CampaignHold) {
	if h.AdvertiserID != c.advertiser {
		f.breaks.add(Content, "campaign", h.CampaignID, "it is advertiser %s's, in the ledger %s's", c.advertiser, h.AdvertiserID)
	}
	if h.Currency != c.currency {
		f.breaks.add(Currency, "hold", h.CampaignID, "it is in %s, in the ledger in %s", c.currency, h.Currency)
		return
	}
	want := c.held
	if c.booked() {
		want = zero
	}
	if h.Balance.Cmp(&want) != 0 && !c.moving() {
		f.breaks.add(Amount, "hold", h.CampaignID, "%s %s are to be held, the ledger holds %s", text(&want), c.currency,
			text(&h.Balance))
	}
}

func (f *Fold) compareReleases(ctx context.Context, ledger Ledger) error {
	for r, err := range ledger.Releases(ctx) {
		if err != nil {
			return err
		}
		c := f.campaigns[r.CampaignID]
		if (c == nil || c.release == nil) && !f.wanted(r.AdvertiserID) {
			continue
		}
		f.result.Ledger.Releases++
		if c == nil || c.release == nil {
			c.hasExtra()
			f.breaks.add(Extra, "release", r.ID(), "the ledger has %s %s released", text(&r.Released), r.Currency)
			continue
		}
		c.release.seen = true
		f.compareRelease(c, &r)
	}
	f.eachCampaign(func(id string, c *campaign) {
		if c.release != nil && !c.release.seen && !c.release.pending {
			f.breaks.add(Missing, "release", schemas.ReleaseID(id), "%s", c.release.text())
		}
	})
	return nil
}

func (f *Fold) compareRelease(c *campaign, r *pgstore.BookedRelease) {
	want := c.release
	if r.AdvertiserID != want.advertiser {
		f.breaks.add(Content, "release", r.ID(), "it goes to %s, in the ledger to %s", want.advertiser, r.AdvertiserID)
	}
	stored := release{currency: r.Currency, budget: r.Budget, spent: r.Spent, released: r.Release.Released}
	booked := release{currency: r.Currency, budget: r.Ledger.Budget, spent: r.Ledger.Spent, released: r.Ledger.Released}
	switch {
	case r.Currency != want.currency:
		f.breaks.add(Currency, "release", r.ID(), "it is in %s, in the ledger in %s", want.currency, r.Currency)
	case !want.sameAmounts(&stored):
		f.breaks.add(Amount, "release", r.ID(), "%s, in the ledger %s", want.text(), stored.text())
	case r.Waiting && c.booked():
		f.breaks.add(Missing, "release", r.ID(), "it was read and is not booked: it does not fit what is held")
	case !r.Waiting && !want.sameAmounts(&booked):
		f.breaks.add(Amount, "release", r.ID(), "%s, its entries say %s", want.text(), booked.text())
	}
}

func (r *release) sameAmounts(other *release) bool {
	return r.budget.Cmp(&other.budget) == 0 && r.spent.Cmp(&other.spent) == 0 && r.released.Cmp(&other.released) == 0
}

func (f *Fold) compareStatements(ctx context.Context, ledger Ledger) error {
	for s, err := range ledger.Statements(ctx) {
		if err != nil {
			return err
		}
		var want *statement
		c := f.campaigns[s.CampaignID]
		if c != nil {
			want = c.statement(s.Version)
		}
		if want == nil && !f.wanted(s.AdvertiserID) {
			continue
		}
		f.result.Ledger.Statements++
		if want == nil {
			c.hasExtra()
			f.breaks.add(Extra, "statement", statementKey(s.CampaignID, s.Version), "the topics have no such version")
			continue
		}
		want.seen = true
		if err := f.compareStatement(c, want, &s); err != nil {
			return err
		}
	}
	f.eachCampaign(func(id string, c *campaign) {
		for i := range c.statements {
			if s := &c.statements[i]; !s.seen && !s.pending {
				f.breaks.add(Missing, "statement", statementKey(id, s.version), "it counts %d plays", s.plays)
			}
		}
	})
	return nil
}

// compareStatement looks at the figures first, which tell more than that a document is another. What was charged is what was
// released, in each version.
func (f *Fold) compareStatement(c *campaign, want *statement, s *pgstore.Statement) error {
	key := statementKey(s.CampaignID, s.Version)
	stored := release{currency: s.Currency, budget: s.Budget, spent: s.Spent, released: s.Released}
	digest, err := digestOf(s.Body)
	switch {
	case err != nil:
		return err
	case c.release != nil && c.release.currency != s.Currency:
		f.breaks.add(Currency, "statement", key, "it is in %s, in the ledger in %s", c.release.currency, s.Currency)
	case c.release != nil && !c.release.sameAmounts(&stored):
		f.breaks.add(Amount, "statement", key, "%s, in the ledger %s", c.release.text(), stored.text())
	case want.plays != s.Plays:
		f.breaks.add(Amount, "statement", key, "it counts %d plays, in the ledger %d", want.plays, s.Plays)
	case want.digest != digest:
		f.breaks.add(Content, "statement", key, "its document says something else in the ledger")
	}
	return nil
}

// hasExtra notes that the ledger has something of the campaign that the topics have not; nil: it is not in the topics at all.
func (c *campaign) hasExtra() {
	if c != nil {
		c.extra = true
	}
}

// unanswered finds settlements that neither the topics nor the ledger have a release for, or a statement. One that is recent
// may still wait for its plays.
func (f *Fold) unanswered(context.Context, Ledger) error {
	f.eachCampaign(func(id string, c *campaign) {
		if !c.settled || c.settledAt >= f.answered || c.extra {
			return
		}
		at := c.settledAt.Time().Format(time.RFC3339)
		if c.release == nil {
			f.breaks.add(Missing, "release", schemas.ReleaseID(id), "the campaign was settled at %s, and the topics have none", at)
		}
		if len(c.statements) == 0 {
			f.breaks.add(Missing, "statement", statementKey(id, 1), "the campaign was settled at %s, and the topics have none", at)
		}
	})
	return nil
}

func (f *Fold) audit(ctx context.Context, ledger Ledger) error {
	found, err := ledger.Audit(ctx)
	for _, b := range found {
		f.breaks.add(Unbalanced, "ledger", b.Place, "%s", b.What)
	}
	return err
}

// eachCampaign goes through the campaigns in the order of their ids.
func (f *Fold) eachCampaign(visit func(id string, c *campaign)) {
	for _, id := range slices.Sorted(maps.Keys(f.campaigns)) {
		visit(id, f.campaigns[id])
	}
}
