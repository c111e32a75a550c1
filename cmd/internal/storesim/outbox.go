package storesim

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// outbox is the file of a device's plays that were not sent. It stays open while the device has power: to open a file for each
// play costs more than all else that a device does.
type outbox struct {
	path string
	file *os.File // nil: not open
}

// add writes a play to the end.
func (o *outbox) add(p *schemas.Play) error {
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("keeping a play: %w", err)
	}
	if o.file == nil {
		if o.file, err = os.OpenFile(o.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644); err != nil {
			o.file = nil
			return fmt.Errorf("keeping a play: %w", err)
		}
	}
	// A line that was cut by a loss of power ends here.
	if _, err := o.file.Write(append(append([]byte{'\n'}, text...), '\n')); err != nil {
		return fmt.Errorf("keeping a play: %w", err)
	}
	return nil
}

// empty forgets all plays.
func (o *outbox) empty() error {
	err := os.Truncate(o.path, 0)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("forgetting plays: %w", err)
	}
	return nil
}

// close lets the file go; the next play opens it again.
func (o *outbox) close() error {
	if o.file == nil {
		return nil
	}
	err := o.file.Close()
	o.file = nil
	if err != nil {
		return fmt.Errorf("closing the plays: %w", err)
	}
	return nil
}
