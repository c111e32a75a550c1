package topics

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/schemas"
)

func TestEncodedValuesShareNoMemory(t *testing.T) {
	placed := samplePlaced(t)
	large := placed
	large.Name = strings.Repeat("x", 2*scratchMaxBytes)
	encode := map[string]func() ([]byte, error){
		"due":          func() ([]byte, error) { return EncodeDue(sampleDue(t, true)) },
		"placed":       func() ([]byte, error) { return EncodePlaced(placed) },
		"large placed": func() ([]byte, error) { return EncodePlaced(large) },
		"command":      func() ([]byte, error) { return EncodeCommand(sampleCommand(3)) },
	}
	for name, first := range encode {
		encoded, err := first()
		if err != nil {
			t.Fatal(err)
		}
		before := bytes.Clone(encoded)
		for range 10 { // whichever buffer is taken again
			other := schemas.NewEvent("other", schemas.TransitionDue, "other", 0, schemas.Due{CampaignID: strings.Repeat("y", 1000)})
			if _, err := EncodeDue(&other); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(before, encoded) {
			t.Errorf("%s: was written over: %.80s", name, encoded)
		}
	}
}
