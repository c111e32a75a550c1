package oracle_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/cmd/internal/moneysuite/oracle"
)

const (
	applied = "applied"
	played  = "played"
)

// records are what the topics say of one campaign: 3 plays of 100 impressions at 2.50 count, one of them twice reported, one
// comes late; 0.75 of 10 EUR are spent.
type records struct {
	applied, plays, statements, releases []string
	tables                               oracle.Tables
}

func day(second int) string { return fmt.Sprintf("2026-12-01T00:00:%02d.000Z", second) }

func transition(sequence int, name, from, to string, at int) string {
	return fmt.Sprintf(`{"data":{"sequence":%d,"revision":1,"transition":%q,"from":%q,"to":%q,"scheduled_for":%q,"decided_at":%q,`+
		`"campaign":{"advertiser_id":"a","starts_at":%q,"ends_at":%q,"budget":{"amount":"10.00","currency":"EUR"},"cpm":"2.50"}}}`,
		sequence, name, from, to, day(at), day(at), day(10), day(20))
}

func play(id string, at int) string {
	return fmt.Sprintf(`{"data":{"play_id":%q,"creative_id":"cr","store_id":"s","started_at":%q,"ended_at":%q,"impressions":"100"}}`,
		id, day(at), day(at+5))
}

func statement(version, plays, impressions, read int, more string) string {
	return fmt.Sprintf(`{"data":{"statement_id":"c/%d","version":%d,"advertiser_id":"a","revision":1,"status":"COMPLETED","locked_at":%q,`+
		`"plays":%d,"impressions":"%d","overran":1,"budget":{"amount":"10.00","currency":"EUR"},"cost":"0.75",`+
		`"spent":{"amount":"0.75","currency":"EUR"},"released":{"amount":"9.25","currency":"EUR"},`+
		`"by_store":[{"store_id":"s","plays":%d,"impressions":"%d"}],"by_creative":[{"creative_id":"cr","plays":%d,"impressions":"%d"}],`+
		`"inputs":{"applied":{"partition":0,"offset":4},"played":{"partition":0,"offset":%d}},%s}}`,
		version, version, day(21), plays, impressions, plays, impressions, plays, impressions, read, more)
}

const release = `{"data":{"release_id":"c/release","advertiser_id":"a","budget":{"amount":"10.00","currency":"EUR"},` +
	`"spent":{"amount":"0.75","currency":"EUR"},"released":{"amount":"9.25","currency":"EUR"}}}`

func good() records {
	body := func(text string) string { return strings.TrimSuffix(strings.TrimPrefix(text, `{"data":`), "}") }
	final := statement(1, 3, 300, 5, `"not_counted":{"duplicate":1,"out-of-window":1}`)
	adjusted := statement(2, 4, 400, 6, `"not_counted":{"duplicate":1,"out-of-window":1,"after-lock":1},"late":{"plays":1,"impressions":"100"}`)
	row := func(version, plays int, text string) string {
		return fmt.Sprintf(`{"campaign_id":"c","version":%d,"currency":"EUR","plays":%d,"cost":0.75,"budget":10.00,"spent":0.75,`+
			`"released":9.25,"body":%s}`, version, plays, body(text))
	}
	account := func(name, balance string) string {
		return fmt.Sprintf(`{"account":%q,"currency":"EUR","balance":%s}`, name, balance)
	}
	entry := func(set, name, amount string) string {
		return fmt.Sprintf(`{"set_key":%q,"account":%q,"currency":"EUR","amount":%s}`, set, name, amount)
	}
	return records{
		applied: []string{
			transition(1, "schedule", "", "SCHEDULED", 1), transition(2, "start", "SCHEDULED", "ACTIVE", 10),
			transition(3, "end", "ACTIVE", "COMPLETED", 20), transition(4, "settle", "COMPLETED", "COMPLETED", 21),
		},
		plays:      []string{play("p1", 10), play("p2", 12), play("p2", 13), play("p3", 20), play("p4", 19), play("p5", 11)},
		statements: []string{final, adjusted}, releases: []string{release},
		tables: oracle.Tables{
			Campaigns: []string{"{}"}, Transitions: []string{"{}", "{}", "{}", "{}"},
			Releases:   []string{`{"release_id":"c/release","advertiser_id":"a","currency":"EUR","budget":10.00,"spent":0.75,"released":9.25}`},
			Statements: []string{row(1, 3, final), row(2, 4, adjusted)},
			Accounts: []string{
				account("funding/EUR", "-10.00"), account("hold/c", "0.00"), account("revenue/EUR", "0.75"), account("wallet/a/EUR", "9.25"),
			},
			Entries: []string{
				entry("c/hold/1", "funding/EUR", "-10.00"), entry("c/hold/1", "hold/c", "10.00"), entry("c/release", "hold/c", "-10.00"),
				entry("c/release", "revenue/EUR", "0.75"), entry("c/release", "wallet/a/EUR", "9.25"),
			},
		},
	}
}

// judge returns what the oracle says of records.
func judge(r records) error {
	book := oracle.NewBook(oracle.Names{Applied: applied, Plays: played})
	for _, topic := range []struct {
		take    func(oracle.Record) error
		records []string
	}{{book.Applied, r.applied}, {book.Play, r.plays}, {book.Statement, r.statements}, {book.Release, r.releases}} {
		for offset, value := range topic.records {
			if err := topic.take(oracle.Record{Key: "c", Offset: int64(offset), Value: []byte(value)}); err != nil {
				return err
			}
		}
	}
	if err := book.Unfinished(); err != nil {
		return err
	}
	if err := book.Judge(); err != nil {
		return err
	}
	return book.JudgeTables(&r.tables)
}

// TestPlanted plants one mistake each into what is right: the oracle must see it.
func TestPlanted(t *testing.T) {
	if err := judge(good()); err != nil {
		t.Fatalf("what is right: %v", err)
	}
	replace := func(texts []string, old, new string) {
		for i := range texts {
			texts[i] = strings.Replace(texts[i], old, new, 1)
		}
	}
	for name, plant := range map[string]func(*records){
		"a cent more is spent": func(r *records) { replace(r.statements, `"0.75","currency"`, `"0.76","currency"`) },
		"a play is lost":       func(r *records) { r.plays = slices.Delete(r.plays, 1, 2) },
		"a play counts twice":  func(r *records) { replace(r.plays, `"p1"`, `"p2"`) },
		"a play is counted otherwise": func(r *records) {
			replace(r.statements[:1], `"duplicate":1`, `"duplicate":2`)
		},
		"a store has another's":          func(r *records) { replace(r.statements, `"store_id":"s"`, `"store_id":"t"`) },
		"the final statement is missing": func(r *records) { r.statements = nil },
		"the adjusted one is missing":    func(r *records) { r.statements = r.statements[:1] },
		"a statement is there twice":     func(r *records) { r.statements = append(r.statements, r.statements[1]) },
		"a release is there twice":       func(r *records) { r.releases = append(r.releases, release) },
		"a release is missing":           func(r *records) { r.releases = nil },
		"a release says otherwise":       func(r *records) { replace(r.releases, "9.25", "9.24") },
		"it is settled twice":            func(r *records) { r.applied = append(r.applied, transition(5, "settle", "COMPLETED", "COMPLETED", 22)) },
		"a transition is missing":        func(r *records) { r.applied = slices.Delete(r.applied, 1, 2) },
		"the table lacks a release":      func(r *records) { r.tables.Releases = nil },
		"the table's release differs":    func(r *records) { replace(r.tables.Releases, "9.25", "9.250001") },
		"a release waits":                func(r *records) { r.tables.Pending = r.tables.Releases },
		"the table lacks a statement":    func(r *records) { r.tables.Statements = r.tables.Statements[:1] },
		"the table's statement differs":  func(r *records) { replace(r.tables.Statements, `"plays":3`, `"plays":2`) },
		"the table lacks a transition":   func(r *records) { r.tables.Transitions = r.tables.Transitions[:3] },
		"a balance differs":              func(r *records) { replace(r.tables.Accounts, "9.25", "9.26") },
		"an entry is missing":            func(r *records) { r.tables.Entries = r.tables.Entries[:4] },
		"a release is booked twice":      func(r *records) { r.tables.Entries = append(r.tables.Entries, r.tables.Entries[2:]...) },
		"an account is nobody's":         func(r *records) { replace(r.tables.Accounts, "wallet/a", "wallet/b") },
		"the currency of a hold differs": func(r *records) { replace(r.tables.Entries[:1], `"EUR"`, `"USD"`) },
		"a window is judged another way": func(r *records) { replace(r.plays, day(19), day(20)) },
		"a pause is not taken out":       func(r *records) { replace(r.applied, `"ACTIVE"`, `"PAUSED"`) },
	} {
		planted := good()
		plant(&planted)
		if judge(planted) == nil {
			t.Errorf("%s: it is not seen", name)
		}
	}
}
