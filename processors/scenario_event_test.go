package processors_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// byKey is the partition of a record that goes where its key belongs.
const byKey = -1

// eventTypes are the verbs that publish an event.
func eventTypes() map[string]schemas.Type {
	return map[string]schemas.Type{
		"create": schemas.CampaignCreated, "update": schemas.CampaignUpdated, "pause": schemas.CampaignPaused,
		"resume": schemas.CampaignResumed, "cancel": schemas.CampaignCancelled, "play": schemas.PlayReported,
	}
}

// envelopeArguments are the arguments of every event verb.
func envelopeArguments() []string {
	return []string{
		"rev", "key", "partition", "type", "subject", "specversion", "mode", "json", "envelope", "without", "header:",
	}
}

// definitionMember is an argument of create and update: the JSON member that it becomes, and how that is written.
type definitionMember struct {
	argument, member, byDefault string
	write                       func(string) string
}

// definitionMembers are in the order in which the event has them.
func definitionMembers() []definitionMember {
	return []definitionMember{
		{"advertiser", "advertiser_id", "a-1", inJSON},
		{"name", "name", "", inJSON},
		{"starts", "starts_at", "", inJSON},
		{"ends", "ends_at", "", inJSON},
		{"starts_local", "starts_at_local", "", inJSON},
		{"ends_local", "ends_at_local", "", inJSON},
		{"zone", "time_zone", "UTC", inJSON},
		{"disambiguation", "disambiguation", "", inJSON},
		{"budget", "budget", "100.00/USD", amountOf},
		{"cpm", "cpm", "", inJSON},
		{"grace", "settlement_grace_seconds", "", verbatim},
		{"stores", "stores", "", list},
		{"creatives", "creatives", "", creatives},
		{"contact", "contacts", "", contact},
	}
}

func definitionArguments() []string {
	var names []string
	for _, m := range definitionMembers() {
		names = append(names, m.argument)
	}
	return append(names, envelopeArguments()...)
}

func changeArguments() []string { return append(envelopeArguments(), "reason") }

// eventRecord makes the record of an event verb. id is the event's, at its CloudEvents time.
func eventRecord(s *step, id string, at schemas.Instant) (topics.Record, error) {
	kind := eventTypes()[s.verb]
	if err := s.check(1, 1, argumentsOf(kind)...); err != nil {
		return topics.Record{}, err
	}
	campaignID := s.given[0]
	record, err := emptyRecord(s, s.either("key", campaignID))
	if err != nil {
		return record, err
	}
	source := "campaign-service"
	if kind == schemas.PlayReported {
		record.Topic, source = string(topics.Plays), "gateway"
	}
	envelope := attributes{
		{"specversion", s.either("specversion", schemas.SpecVersion)}, {"id", id}, {"source", source},
		{"type", s.either("type", string(kind))}, {"subject", s.either("subject", campaignID)}, {"time", at.String()},
	}
	data := eventData(s, campaignID, kind)
	if s.named["mode"] == "binary" {
		record.Headers = append(envelope.headers(), record.Headers...)
		record.Value = []byte(data)
		return record, nil
	}
	members := envelope.members()
	if more, is := s.named["envelope"]; is {
		members = append(members, more)
	}
	record.Value = []byte("{" + strings.Join(append(members, `"data":`+data), ",") + "}")
	return record, nil
}

// argumentsOf are the arguments of the verb that publishes events of a type.
func argumentsOf(kind schemas.Type) []string {
	switch kind {
	case schemas.CampaignCreated, schemas.CampaignUpdated:
		return definitionArguments()
	case schemas.PlayReported:
		return playArguments()
	}
	return changeArguments()
}

// emptyRecord takes what any verb that publishes may say: the key (- for none), a partition, headers.
func emptyRecord(s *step, key string) (topics.Record, error) {
	record := topics.Record{Topic: string(topics.CampaignEvents), Partition: byKey}
	if key != "-" {
		record.Key = []byte(key)
	}
	for _, name := range slices.Sorted(maps.Keys(s.named)) {
		if header, is := strings.CutPrefix(name, "header:"); is {
			record.Headers = append(record.Headers, topics.Header{Key: header, Value: []byte(s.named[name])})
		}
	}
	if where, is := s.named["partition"]; is {
		partition, err := strconv.ParseInt(where, 10, 32)
		if err != nil {
			return record, fmt.Errorf("reading partition=: %w", err)
		}
		record.Partition = int32(partition)
	}
	return record, nil
}

// either returns a named argument, or what stands for it when it is not given.
func (s *step) either(name, otherwise string) string {
	if value, is := s.named[name]; is {
		return value
	}
	return otherwise
}

// eventData writes the event's data. without= leaves members out, json= adds some as they stand.
func eventData(s *step, campaignID string, kind schemas.Type) string {
	without := withoutOf(s)
	var members []string
	add := func(name, value string) {
		if !slices.Contains(without, name) {
			members = append(members, inJSON(name)+":"+value)
		}
	}
	add("campaign_id", inJSON(campaignID))
	if revision, is := s.named["rev"]; is {
		add("revision", revision)
	}
	if reason, is := s.named["reason"]; is {
		add("reason", inJSON(reason))
	}
	if kind == schemas.CampaignCreated || kind == schemas.CampaignUpdated {
		for _, m := range definitionMembers() {
			if value := s.either(m.argument, m.byDefault); value != "" {
				add(m.member, m.write(value))
			}
		}
	}
	if kind == schemas.PlayReported {
		playData(s, add)
	}
	if more, is := s.named["json"]; is {
		members = append(members, more)
	}
	return "{" + strings.Join(members, ",") + "}"
}

// attributes are CloudEvents context attributes; one whose text is "-" is left out.
type attributes [][2]string

func (a attributes) members() []string {
	var members []string
	for _, attribute := range a {
		if attribute[1] != "-" {
			members = append(members, inJSON(attribute[0])+":"+inJSON(attribute[1]))
		}
	}
	return append(members, `"datacontenttype":"application/json"`)
}

// headers are the attributes in binary mode. Source: CloudEvents Kafka protocol binding 1.0.2, section 3.2.
func (a attributes) headers() []topics.Header {
	headers := []topics.Header{{Key: "content-type", Value: []byte("application/json")}}
	for _, attribute := range a {
		if attribute[1] != "-" {
			headers = append(headers, topics.Header{Key: "ce_" + attribute[0], Value: []byte(attribute[1])})
		}
	}
	return headers
}

func verbatim(text string) string { return text }

func inJSON(text string) string {
	encoded, err := json.Marshal(text)
	if err != nil {
		panic(fmt.Sprintf("quoting %q: %v", text, err)) // a string always has a JSON form
	}
	return string(encoded)
}

// amountOf writes AMOUNT/CURRENCY.
func amountOf(text string) string {
	amount, currency, _ := strings.Cut(text, "/")
	return `{"amount":` + inJSON(amount) + `,"currency":` + inJSON(currency) + `}`
}

func list(text string) string {
	var items []string
	for item := range strings.SplitSeq(text, ",") {
		items = append(items, inJSON(item))
	}
	return "[" + strings.Join(items, ",") + "]"
}

func contact(email string) string { return `[{"email":` + inJSON(email) + `}]` }
