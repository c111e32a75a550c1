package reconcile

import "fmt"

// Class is how the ledger differs from the topics.
type Class string

// The classes.
const (
	Missing    Class = "missing"    // the topics have it, or should have it, the ledger has not
	Extra      Class = "extra"      // the ledger has it, the topics have not
	Duplicate  Class = "duplicate"  // the topics have it twice
	Amount     Class = "amount"     // the ledger has other figures
	Currency   Class = "currency"   // the ledger has another currency
	Content    Class = "content"    // the ledger says something else that is no amount
	Unbalanced Class = "unbalanced" // the ledger contradicts itself
)

// Classes returns all classes.
func Classes() []Class {
	return []Class{Missing, Extra, Duplicate, Amount, Currency, Content, Unbalanced}
}

// Break is a difference.
type Break struct {
	Class Class `json:"class"`
	// Kind is campaign, hold, transition, release, statement, wallet or ledger.
	Kind string `json:"kind"`
	// Key is a campaign's id, <campaign_id>/<sequence>, <campaign_id>/release, <campaign_id>/<version>, or an account.
	Key    string `json:"key"`
	Detail string `json:"detail"`
}

// Counts are how many of what there are.
type Counts struct {
	Campaigns   int64 `json:"campaigns"`
	Transitions int64 `json:"transitions"`
	Releases    int64 `json:"releases"`
	Statements  int64 `json:"statements"`
	Wallets     int64 `json:"wallets"`
}

// Result is what a comparison came to.
type Result struct {
	// Topics is what was read, Ledger what is there.
	Topics Counts `json:"topics"`
	Ledger Counts `json:"ledger"`
	// NotYet is what lies behind the positions that the ledger was written up to: no break.
	NotYet Counts `json:"not_yet"`
	// Unreadable counts records that only the engine may write and that cannot be read.
	Unreadable int64 `json:"unreadable"`
	// Count is how many breaks there are, ByClass how many of which class; Breaks are the first of them.
	Count   int64           `json:"count"`
	ByClass map[Class]int64 `json:"by_class"`
	Breaks  []Break         `json:"breaks"`
}

// breaks gathers differences: all are counted, the first are kept.
type breaks struct {
	limit  int
	result *Result
}

func (b *breaks) add(class Class, kind, key, format string, arguments ...any) {
	b.result.Count++
	b.result.ByClass[class]++
	if b.limit == 0 || len(b.result.Breaks) < b.limit {
		b.result.Breaks = append(b.result.Breaks, Break{class, kind, key, fmt.Sprintf(format, arguments...)})
	}
}
