package pgstore

import (
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// TestAMailGoesToNobodyElse: an address that cannot be kept as it is makes a mail fail; it is never cut to another one.
func TestAMailGoesToNobodyElse(t *testing.T) {
	long := strings.Repeat("漢", 235) + "@example.community" // 253 characters, 723 bytes: the longest that a definition can have
	for _, c := range []struct {
		name, sender, recipient string
		want                    MailState
	}{
		{"plain", "campaigns@engine.example", "a@example.com", MailWaiting},
		{"long", "campaigns@engine.example", long, MailWaiting},
		{"too long", "campaigns@engine.example", strings.Repeat(long, 3), MailFailed},
		{"no text", "campaigns@engine.example", "a\xff@example.com", MailFailed},
		{"of the sender", strings.Repeat("a", addressMax) + "@engine.example", "a@example.com", MailFailed},
	} {
		m := Mail{
			ID: "1", CampaignID: "c-1", TransitionID: "c-1/1/start", Kind: "started", Sender: c.sender, Recipient: c.recipient,
			State: MailWaiting, MessageID: "m", Message: []byte("text"),
		}
		got := m.Fitted()
		if err := got.Check(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got.State != c.want || (got.Answer != "") != (c.want == MailFailed) {
			t.Errorf("%s: it is %s: %q", c.name, got.State, got.Answer)
		}
		if got.State == MailWaiting && (got.Sender != c.sender || got.Recipient != c.recipient) {
			t.Errorf("%s: it would go from %s to %s", c.name, got.Sender, got.Recipient)
		}
		if m.Recipient = "a\x00@example.com"; m.Check() == nil {
			t.Errorf("%s: an address that the database would mend is taken", c.name)
		}
	}
}

// TestMailsGoToTheDatabaseInParts: of so many letters, or so many bytes, and in their order.
func TestMailsGoToTheDatabaseInParts(t *testing.T) {
	for _, c := range []struct {
		count, size int
		want        []int
	}{
		{0, 10, nil},
		{1, 2 * mailBytesMost, []int{1}},
		{mailsMost, 10, []int{mailsMost}},
		{2*mailsMost + 1, 10, []int{mailsMost, mailsMost, 1}},
		{5, mailBytesMost / 2, []int{2, 2, 1}},
		{3, 2 * mailBytesMost, []int{1, 1, 1}},
	} {
		text := make([]byte, c.size)
		mails := make([]Mail, c.count)
		for i := range mails {
			mails[i].Message, mails[i].NominalAt = text, instant.Instant(i)
		}
		at := 0
		chunks := mailChunks(mails)
		for i, chunk := range chunks {
			if i >= len(c.want) || len(chunk) != c.want[i] || chunk[0].NominalAt != instant.Instant(at) {
				t.Errorf("%d mails of %d bytes: part %d has %d", c.count, c.size, i, len(chunk))
			}
			at += len(chunk)
		}
		if len(chunks) != len(c.want) || at != c.count {
			t.Errorf("%d mails of %d bytes go in %d parts, %d in all", c.count, c.size, len(chunks), at)
		}
	}
}
