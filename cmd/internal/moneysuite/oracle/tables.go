package oracle

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
)

// Tables are the rows of Postgres, each as a JSON object.
type Tables struct {
	Campaigns, Transitions, Releases, Pending, Statements, Accounts, Entries []string
}

type releaseRow struct {
	ReleaseID    string      `json:"release_id"`
	AdvertiserID string      `json:"advertiser_id"`
	Currency     string      `json:"currency"`
	Budget       json.Number `json:"budget"`
	Spent        json.Number `json:"spent"`
	Released     json.Number `json:"released"`
}

type statementRow struct {
	CampaignID string          `json:"campaign_id"`
	Version    int64           `json:"version"`
	Currency   string          `json:"currency"`
	Plays      int64           `json:"plays"`
	Cost       json.Number     `json:"cost"`
	Budget     json.Number     `json:"budget"`
	Spent      json.Number     `json:"spent"`
	Released   json.Number     `json:"released"`
	Body       json.RawMessage `json:"body"`
}

type accountRow struct {
	Account  string      `json:"account"`
	Currency string      `json:"currency"`
	Balance  json.Number `json:"balance"`
	Closed   bool        `json:"closed"`
}

type entryRow struct {
	Set      string      `json:"set_key"`
	Account  string      `json:"account"`
	Currency string      `json:"currency"`
	Amount   json.Number `json:"amount"`
}

// rowsOf reads the rows of a table; what is no row is a finding.
func rowsOf[R any](table string, texts []string, found *findings) []R {
	rows := make([]R, len(texts))
	for i, text := range texts {
		if err := json.Unmarshal([]byte(text), &rows[i]); err != nil {
			found.add(table, "reading a row: %v", err)
		}
	}
	return rows
}

// JudgeTables compares the tables with the topics: Judge has compared those with the fold.
func (b *Book) JudgeTables(t *Tables) error {
	var found findings
	if len(t.Pending) > 0 {
		found.add("pending releases", "%d wait: %s", len(t.Pending), t.Pending[0])
	}
	if len(t.Campaigns) != len(b.campaigns) {
		found.add("campaigns", "there are %d, want %d", len(t.Campaigns), len(b.campaigns))
	}
	transitions := int64(0)
	for _, c := range b.campaigns {
		transitions += c.sequence
	}
	if int64(len(t.Transitions)) != transitions {
		found.add("transitions", "there are %d, want %d", len(t.Transitions), transitions)
	}
	b.judgeReleaseRows(rowsOf[releaseRow]("releases", t.Releases, &found), &found)
	b.judgeStatementRows(rowsOf[statementRow]("statements", t.Statements, &found), &found)
	b.judgeLedger(rowsOf[accountRow]("accounts", t.Accounts, &found), rowsOf[entryRow]("entries", t.Entries, &found), &found)
	return found.err()
}

func (b *Book) judgeReleaseRows(rows []releaseRow, found *findings) {
	seen := map[string]bool{}
	for _, row := range rows {
		id, _ := strings.CutSuffix(row.ReleaseID, "/release")
		c := b.campaigns[id]
		if c == nil || len(c.releases) == 0 || seen[id] {
			found.add(row.ReleaseID, "the table of releases has it, the topic does not, or it is there twice")
			continue
		}
		seen[id] = true
		r := &c.releases[0]
		if row.AdvertiserID != r.AdvertiserID || !sameMoney(row.Currency, row.Budget, r.Budget) ||
			!sameMoney(row.Currency, row.Spent, r.Spent) || !sameMoney(row.Currency, row.Released, r.Released) {
			found.add(row.ReleaseID, "the table says %v, the topic %v", row, *r)
		}
	}
	for id, c := range b.campaigns {
		if len(c.releases) > 0 && !seen[id] {
			found.add(id, "its release is not in the table")
		}
	}
}

func sameMoney(currency string, amount json.Number, want moneyJSON) bool {
	number, err := scaled(want.Amount, scale)
	return err == nil && currency == want.Currency && same(amount.String(), number, scale)
}

func (b *Book) judgeStatementRows(rows []statementRow, found *findings) {
	want := 0
	for _, c := range b.campaigns {
		want += len(c.statements)
	}
	if len(rows) != want {
		found.add("statements", "the table has %d, the topic %d", len(rows), want)
	}
	for i := range rows {
		row := &rows[i]
		at := fmt.Sprintf("%s/%d", row.CampaignID, row.Version)
		c := b.campaigns[row.CampaignID]
		if c == nil || row.Version < 1 || row.Version > int64(len(c.statements)) {
			found.add(at, "the table of statements has it, the topic does not")
			continue
		}
		s := &c.statements[row.Version-1]
		var body statementJSON
		if err := json.Unmarshal(row.Body, &body); err != nil {
			found.add(at, "reading its body: %v", err)
		}
		if row.Plays != s.Plays || !sameMoney(row.Currency, row.Spent, s.Spent) || !sameMoney(row.Currency, row.Budget, s.Budget) ||
			!sameMoney(row.Currency, row.Released, s.Released) ||
			!sameMoney(row.Currency, row.Cost, moneyJSON{s.Cost, s.Budget.Currency}) ||
			fmt.Sprint(body.ByStore, body.NotCounted, body.Inputs) != fmt.Sprint(s.ByStore, s.NotCounted, s.Inputs) {
			found.add(at, "the table says otherwise than the topic: %v", *row)
		}
	}
}

// judgeLedger holds that the entries sum to zero, come to the balances, and are what the releases say.
func (b *Book) judgeLedger(accounts []accountRow, entries []entryRow, found *findings) {
	want := b.balances()
	sums, totals, released := map[string]*big.Int{}, map[string]*big.Int{}, map[string]int{}
	for i := range entries {
		e := &entries[i]
		amount, err := scaled(e.Amount.String(), scale)
		if err != nil {
			found.add(e.Set, "%v", err)
			continue
		}
		plus(sums, e.Account, amount)
		plus(totals, e.Currency, amount)
		if strings.HasSuffix(e.Set, "/release") {
			plus(totals, e.Set, amount)
			released[e.Set]++
		}
	}
	for what, total := range totals {
		if total.Sign() != 0 {
			found.add(what, "its entries sum to %s", shown(total, scale))
		}
	}
	for i := range accounts {
		a := &accounts[i]
		number, is := sums[a.Account]
		if !is {
			number = new(big.Int)
		}
		expected, known := want[a.Account]
		if !known || !same(a.Balance.String(), number, scale) || number.Cmp(expected) != 0 {
			found.add(a.Account, "its balance is %s, its entries sum to %s, the topics say %v", a.Balance, shown(number, scale), expected)
		}
		delete(want, a.Account)
	}
	for account, balance := range want {
		if balance.Sign() != 0 {
			found.add(account, "it is missing; the topics say %s", shown(balance, scale))
		}
	}
	for id, c := range b.campaigns {
		if lines := released[id+"/release"]; c.settled && c.budget.Sign() > 0 && (lines < 2 || lines > 3) {
			found.add(id, "its release has %d lines in the ledger", lines)
		}
	}
}

// balances returns what each account must have when every campaign is settled.
func (b *Book) balances() map[string]*big.Int {
	balances := map[string]*big.Int{}
	for id, c := range b.campaigns {
		if c.budget == nil || len(c.statements) == 0 {
			continue
		}
		a := c.fold(c.statements[0].read.Offset, c.statements[0].read.Offset)
		plus(balances, "funding/"+c.currency, new(big.Int).Neg(c.budget))
		plus(balances, "hold/"+id, new(big.Int))
		plus(balances, "revenue/"+c.currency, a.spent)
		plus(balances, "wallet/"+c.advertiser+"/"+c.currency, a.released)
	}
	return balances
}

func plus(sums map[string]*big.Int, key string, amount *big.Int) {
	sum, is := sums[key]
	if !is {
		sum = new(big.Int)
		sums[key] = sum
	}
	sum.Add(sum, amount)
}
