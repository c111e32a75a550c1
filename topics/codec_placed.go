package topics

import (
	"encoding/json"
	"fmt"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// EncodePlaced writes the campaign that transitions carry; its error is EncodeDue's. Like the transitions it is written
// by hand, and a test holds it against reflection.
func EncodePlaced(p schemas.Placed) (json.RawMessage, error) {
	held := borrowScratch()
	defer held.giveBack()
	w := &eventWriter{buffer: held.form[:0], held: held}
	w.text(`{"campaign_id":`, p.CampaignID)
	w.integer(`,"revision":`, p.Revision)
	w.text(`,"advertiser_id":`, p.AdvertiserID)
	w.textIfAny(`,"name":`, p.Name)
	w.instant(`,"starts_at":`, p.StartsAt)
	w.textIfAny(`,"starts_at_local":`, p.StartsAtLocal)
	w.instant(`,"ends_at":`, p.EndsAt)
	w.textIfAny(`,"ends_at_local":`, p.EndsAtLocal)
	w.text(`,"time_zone":`, p.TimeZone)
	w.textIfAny(`,"disambiguation":`, string(p.Disambiguation))
	w.textIfAny(`,"tzdb":`, p.TZDB)
	w.text(`,"budget":{"amount":`, p.Budget.Amount)
	w.text(`,"currency":`, p.Budget.Currency)
	w.raw("}")
	w.textIfAny(`,"cpm":`, p.CPM)
	if p.SettlementGraceSeconds != nil {
		w.integer(`,"settlement_grace_seconds":`, *p.SettlementGraceSeconds)
	}
	if p.SettlementGraceMs != nil {
		w.integer(`,"settlement_grace_ms":`, *p.SettlementGraceMs)
	}
	writeStores(w, p.Stores)
	writeCreatives(w, p.Creatives)
	w.raw("}")
	if w.failed != nil {
		return nil, fmt.Errorf("encoding a placed campaign: %w", w.failed)
	}
	return w.written(), nil
}

func writeStores(w *eventWriter, stores []string) {
	for i, store := range stores {
		w.text(separator(i, `,"stores":[`), store)
	}
	if len(stores) > 0 {
		w.raw("]")
	}
}

func writeCreatives(w *eventWriter, creatives []schemas.Creative) {
	for i := range creatives {
		c := &creatives[i]
		w.raw(separator(i, `,"creatives":[`))
		w.text(`{"creative_id":`, c.CreativeID)
		w.integer(`,"version":`, c.Version)
		w.text(`,"url":`, c.URL)
		w.text(`,"sha256":`, c.SHA256)
		w.integer(`,"bytes":`, c.Bytes)
		w.text(`,"mime":`, c.MIME)
		w.integer(`,"duration_ms":`, c.DurationMs)
		w.raw("}")
	}
	if len(creatives) > 0 {
		w.raw("]")
	}
}

// separator returns what stands before element i of an array: the array's beginning, or a comma.
func separator(i int, begin string) string {
	if i == 0 {
		return begin
	}
	return ","
}

// GraceOf reads of the campaign that transitions carry how long after the end, or the cancel, it is settled, in ms. False: it
// does not say, or cannot be read.
func GraceOf(campaign json.RawMessage) (ms int64, told bool) {
	var part struct {
		Seconds *int64 `json:"settlement_grace_seconds"`
		Ms      *int64 `json:"settlement_grace_ms"`
	}
	if jsonv2.Unmarshal(campaign, &part) != nil {
		return 0, false
	}
	return (&schemas.Placed{SettlementGraceSeconds: part.Seconds, SettlementGraceMs: part.Ms}).Grace()
}

// DecodePlaced reads the campaign that transitions carry. What it returns can be written by EncodePlaced.
func DecodePlaced(campaign json.RawMessage) (schemas.Placed, error) {
	var placed schemas.Placed
	if err := jsonv2.Unmarshal(campaign, &placed); err != nil {
		return schemas.Placed{}, fmt.Errorf("decoding a placed campaign: %w", err)
	}
	if !canBeWritten(placed.StartsAt) || !canBeWritten(placed.EndsAt) {
		return schemas.Placed{}, fmt.Errorf("decoding a placed campaign: its window %s", ruleYears)
	}
	return placed, nil
}
