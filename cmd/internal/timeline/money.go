package timeline

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/rmn-arms/campaign-engine/schemas"
	account "github.com/rmn-arms/campaign-engine/state/budget"
	"github.com/rmn-arms/campaign-engine/topics"
)

// Money is where a campaign's budget is. Invariant: Budget = Held + Spent + Released.
type Money struct {
	// Provisional says that nothing is locked yet: it is what the engine has counted so far.
	Provisional bool          `json:"provisional"`
	Budget      schemas.Money `json:"budget"`
	Held        schemas.Money `json:"held"`
	Spent       schemas.Money `json:"spent"`
	Released    schemas.Money `json:"released"`
	// Plays and Impressions are what counts, NotCounted the plays that do not: those that came after the lock are among them.
	Plays       int64  `json:"plays"`
	Impressions string `json:"impressions"`
	NotCounted  int64  `json:"not_counted"`
}

// Settlement is a thing that happened to a campaign's money: a version of its statement, or its release.
type Settlement struct {
	At       schemas.Instant `json:"at"`
	AtInZone string          `json:"at_in_zone,omitempty"`
	// Statement is the version of a statement, 0 for the release.
	Statement   int64         `json:"statement,omitempty"`
	Plays       int64         `json:"plays,omitempty"`
	Impressions string        `json:"impressions,omitempty"`
	LatePlays   int64         `json:"late_plays,omitempty"`
	NotCounted  int64         `json:"not_counted,omitempty"`
	Spent       schemas.Money `json:"spent"`
	Released    schemas.Money `json:"released"`
	// AdvertiserID says to whom a release goes.
	AdvertiserID string `json:"advertiser_id,omitempty"`
}

// MoneyTopics returns those of Topics that tell of plays and money. A campaign's story can be told without.
func MoneyTopics() []topics.Name {
	return []topics.Name{topics.CampaignStatements, topics.BudgetReleased, topics.CampaignEngineBudgetsTable}
}

// WithoutMoney says why the records about money are not among the records.
func (f *Fold) WithoutMoney(why string) { f.moneyMissing = why }

func (f *Fold) addMoney(r topics.Record) {
	switch topics.Name(r.Topic) {
	case topics.CampaignStatements:
		if event, is := topics.Decoded[schemas.Statement](topics.StatementCodec{}, r.Value); is {
			f.statements = append(f.statements, event.Data)
		}
	case topics.BudgetReleased:
		if event, is := topics.Decoded[schemas.Released](topics.ReleasedCodec{}, r.Value); is {
			f.releases = append(f.releases, *event)
		}
	case topics.CampaignEngineBudgetsTable:
		f.account = r.Value
	}
}

// money says where the budget is: by the newest statement, or, before the lock, by the engine's account. problem says why
// that is not known.
func (f *Fold) money() (m *Money, problem string) {
	if f.moneyMissing != "" {
		return nil, f.moneyMissing
	}
	if len(f.statements) > 0 {
		byVersion := func(a, b schemas.Statement) int { return cmp.Compare(a.Version, b.Version) }
		final, newest := slices.MinFunc(f.statements, byVersion), slices.MaxFunc(f.statements, byVersion)
		return lockedMoney(&final, &newest), ""
	}
	if f.account == nil {
		return nil, ""
	}
	var a account.Account
	if err := a.UnmarshalBinary(f.account); err != nil {
		return nil, "the engine's table holds a row of another version"
	}
	if !a.Known {
		return nil, ""
	}
	return countedMoney(&a), ""
}

// lockedMoney tells what was charged, and of the plays that were not what is known by now.
func lockedMoney(s, newest *schemas.Statement) *Money {
	return &Money{
		Budget: s.Budget, Held: Nothing(s.Budget), Spent: s.Spent, Released: s.Released,
		Plays: s.Plays, Impressions: s.Impressions, NotCounted: NotCounted(newest),
	}
}

// Nothing returns no money, written with as many decimals as an amount of that currency.
func Nothing(of schemas.Money) schemas.Money {
	zero := []byte(of.Amount)
	for i, c := range zero {
		if c != '.' {
			zero[i] = '0'
		}
	}
	for len(zero) > 1 && zero[1] != '.' {
		zero = zero[1:]
	}
	return schemas.Money{Amount: string(zero), Currency: of.Currency}
}

// NotCounted returns how many plays a statement does not count.
func NotCounted(s *schemas.Statement) (plays int64) {
	for _, count := range s.NotCounted {
		plays += count
	}
	return plays
}

// countedMoney rounds what the engine has counted so far, as a lock would.
func countedMoney(a *account.Account) *Money {
	spent := a.Cost.Round(a.Budget)
	amount := func(text string) schemas.Money { return schemas.Money{Amount: text, Currency: a.Budget.Currency()} }
	m := &Money{
		Provisional: true, Budget: amount(a.Budget.String()), Held: amount(a.Budget.Minus(spent).String()),
		Spent: amount(spent.String()), Released: amount(a.Budget.Minus(a.Budget).String()),
		Plays: a.Counted.Plays, Impressions: a.Counted.Impressions.String(),
	}
	for _, count := range a.NotCounted {
		m.NotCounted += count
	}
	return m
}

// settlements returns the lock, the release and the adjustments, in that order.
func (f *Fold) settlements() (all []Settlement) {
	for i := range f.statements {
		s := &f.statements[i]
		one := Settlement{
			At: s.LockedAt, Statement: s.Version, Plays: s.Plays, Impressions: s.Impressions, NotCounted: NotCounted(s),
			Spent: s.Spent, Released: s.Released,
		}
		if s.AdjustedAt != nil {
			one.At = *s.AdjustedAt
		}
		if s.Late != nil {
			one.LatePlays = s.Late.Plays
		}
		all = append(all, one)
	}
	for i := range f.releases {
		r := &f.releases[i]
		one := Settlement{Spent: r.Data.Spent, Released: r.Data.Released, AdvertiserID: r.Data.AdvertiserID}
		if r.Time != nil {
			one.At = *r.Time
		}
		all = append(all, one)
	}
	slices.SortStableFunc(all, func(a, b Settlement) int { return cmp.Compare(a.order(), b.order()) })
	return all
}

// order is that in which things happen: the final statement, the release, adjusted statements.
func (s Settlement) order() int64 {
	if s.Statement == 0 {
		return 3
	}
	return 2 * s.Statement
}

// writeMoney prints where the budget is.
func (s Summary) writeMoney(t *Table) {
	m := s.Money
	switch {
	case s.MoneyError != "":
		t.Row(Cell{"Money", Faint}, Cell{"not known: " + Printable(s.MoneyError), Caution})
		return
	case m == nil:
		return
	}
	counted := fmt.Sprintf("%s counted for %s impressions%s", Plays(m.Plays), m.Impressions, without(m.NotCounted))
	if m.Provisional {
		t.Row(Cell{"Money", Faint},
			Cell{fmt.Sprintf("provisional: %s spent, %s held of %s", Sum(m.Spent), Sum(m.Held), Sum(m.Budget)), Caution})
		t.Row(Cell{"Plays", Faint}, Cell{Text: "so far " + counted})
		return
	}
	t.Row(Cell{"Money", Faint},
		Cell{Text: fmt.Sprintf("locked: %s spent, %s released of %s", Sum(m.Spent), Sum(m.Released), Sum(m.Budget))})
	t.Row(Cell{"Plays", Faint}, Cell{Text: counted})
}

// Sum writes an amount of money for a person.
func Sum(m schemas.Money) string { return Printable(m.Amount + " " + m.Currency) }

// Plays writes how many plays there are.
func Plays(count int64) string {
	if count == 1 {
		return "1 play"
	}
	return fmt.Sprintf("%d plays", count)
}

func without(plays int64) string {
	if plays == 0 {
		return ""
	}
	return fmt.Sprintf(", %d not counted", plays)
}

func (t Timeline) settlements() *Table {
	var table Table
	table.Row(Cell{"MONEY", Faint}, Cell{"AT (UTC)", Faint}, Cell{"AT (LOCAL)", Faint}, Cell{"WHAT", Faint})
	for _, s := range t.Settlements {
		what, says := s.tell()
		table.Row(Cell{Text: what}, Cell{Text: s.At.String()}, Cell{Text: s.AtInZone}, Cell{Text: Printable(says)})
	}
	return &table
}

// tell says what happened, in a word and in a sentence.
func (s Settlement) tell() (what, says string) {
	switch s.Statement {
	case 0:
		return "released", fmt.Sprintf("%s go back to %s; %s were spent", Sum(s.Released), s.AdvertiserID, Sum(s.Spent))
	case 1:
		return "locked", fmt.Sprintf("statement 1: %s counted for %s impressions, %s spent%s", Plays(s.Plays), s.Impressions,
			Sum(s.Spent), without(s.NotCounted))
	default:
		return "adjusted", fmt.Sprintf("statement %d: %s with %d that came after the lock, %s impressions; still %s spent",
			s.Statement, Plays(s.Plays), s.LatePlays, s.Impressions, Sum(s.Spent))
	}
}
