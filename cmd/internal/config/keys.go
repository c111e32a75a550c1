package config

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/rmn-arms/campaign-engine/topics"
)

// signingKeysName is the file's name in the data folder.
const signingKeysName = "signing-keys.json"

// Signs says whether a processor that is asked for signs anything.
func (e *Engine) Signs() (bool, error) {
	groups, err := e.Groups()
	return slices.ContainsFunc(groups, func(g topics.Group) bool { return g.PerStore }), err
}

// CheckKeys refuses to run on others' brokers without a file of keys, where something is to be signed: each process would make
// keys of its own, and devices would believe one of them.
func (e *Engine) CheckKeys() error {
	signs, err := e.Signs()
	if err == nil && signs && len(e.Brokers) > 0 && e.SigningKeys == "" {
		err = fmt.Errorf("--signing-keys: %s signs what it sends to devices, and each process that runs it needs the same keys; "+
			"campaignd keys init FILE makes them, and --processors can leave it out", topics.Router)
	}
	return err
}

// KeysFile returns where the keys are, and whether they are made there when they are missing.
func (e *Engine) KeysFile() (path string, create bool) {
	if e.SigningKeys != "" {
		return e.SigningKeys, false
	}
	return filepath.Join(e.DataDir, signingKeysName), true
}
