package demo

import (
	"strings"
	"testing"
	"unicode"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// hostile moves the cursor, clears the screen and turns the text around, if a terminal gets to see it.
const hostile = "\x1b[2J\x1b]0;x\a\r\n\u202e"

// TestForeignTextIsNotShownRaw: the demonstration tells of every campaign that there is, and others name those.
func TestForeignTextIsNotShownRaw(t *testing.T) {
	due := schemas.Due{
		TransitionID: hostile, CampaignID: hostile, Transition: hostile, ChangeReason: hostile,
	}
	// Of an applied transition the reader lets no other text through.
	paused := schemas.Due{TransitionID: "c/1/pause", CampaignID: "c", Revision: 1, Transition: schemas.Pause, ChangeReason: hostile,
		Campaign: []byte("{}")}
	applied := schemas.NewEvent("e", schemas.TransitionApplied, hostile, 0,
		schemas.Applied{Due: paused, From: schemas.Active, To: schemas.Paused, Sequence: 1})
	rejected := schemas.NewEvent("e", schemas.TransitionRejected, hostile, 0,
		schemas.Rejected{Due: due, Status: hostile, Reason: hostile})
	refused := schemas.NewEvent("e", schemas.RecordRefused, hostile, 0, schemas.Refused{Reason: hostile, Detail: hostile})
	for topic, encode := range map[topics.Name]func() ([]byte, error){
		topics.TransitionsApplied:  func() ([]byte, error) { return topics.AppliedCodec{}.Encode(&applied) },
		topics.TransitionsRejected: func() ([]byte, error) { return topics.RejectedCodec{}.Encode(&rejected) },
		topics.DeadLetters:         func() ([]byte, error) { return topics.RefusedCodec{}.Encode(&refused) },
	} {
		value, err := encode()
		if err != nil {
			t.Fatal(err)
		}
		line, _ := describe(&kgo.Record{Topic: string(topic), Key: []byte(hostile), Value: value})
		if line == "" || strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%s: %q", topic, line)
		}
	}
	if text := howToGoOn(hostile); strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
		t.Errorf("%q", text)
	}
}
