package topics

import (
	"encoding/json"
	"fmt"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// DecodePlaced reads the campaign that transitions carry.
func DecodePlaced(campaign json.RawMessage) (schemas.Placed, error) {
	var placed schemas.Placed
	if err := jsonv2.Unmarshal(campaign, &placed); err != nil {
		return schemas.Placed{}, fmt.Errorf("decoding a placed campaign: %w", err)
	}
	return placed, nil
}
