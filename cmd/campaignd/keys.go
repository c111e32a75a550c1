package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/rmn-arms/campaign-engine/cmd/internal/config"
	"github.com/rmn-arms/campaign-engine/cmd/internal/signing"
)

type keysCommand struct {
	Init    keysInitCommand    `cmd:"" help:"Make a file with one key, unless there is one."`
	List    keysListCommand    `cmd:"" help:"List the ids of the keys; the first one signs."`
	Add     keysAddCommand     `cmd:"" help:"Put a new key at the end: valid, but it does not sign yet."`
	Promote keysPromoteCommand `cmd:"" help:"Have a key sign from now on; the others stay valid."`
	Retire  keysRetireCommand  `cmd:"" help:"Take a key away that does not sign: what it has signed is obeyed no more."`
}

type keysFile struct {
	File string `arg:"" type:"path" placeholder:"FILE" help:"The file of private keys, a JWK set."`
}

type keysInitCommand struct{ keysFile }

// Run implements the command.
func (c *keysInitCommand) Run() error {
	keys, made, err := signing.ReadOrCreateFile(c.File)
	if err != nil {
		return err
	}
	if !made {
		fmt.Printf("there is one: %s signs\n", keys.IDs()[0])
		return nil
	}
	fmt.Printf("%s signs\n", keys.IDs()[0])
	return nil
}

type keysListCommand struct{ keysFile }

// Run implements the command.
func (c *keysListCommand) Run() error {
	keys, err := signing.ReadFile(c.File)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w; campaignd keys init %s makes it", err, c.File)
	}
	if err != nil {
		return err
	}
	for i, id := range keys.IDs() {
		if i == 0 {
			id += " signs"
		}
		fmt.Println(id)
	}
	return nil
}

type keysAddCommand struct{ keysFile }

// Run implements the command.
func (c *keysAddCommand) Run() error {
	id, err := signing.Add(c.File)
	if err == nil {
		fmt.Printf("%s is valid as soon as each process and device has read the keys again\n", id)
	}
	return err
}

type keysPromoteCommand struct {
	keysFile
	ID string `arg:"" placeholder:"KEY" help:"The key's id."`
}

// Run implements the command.
func (c *keysPromoteCommand) Run() error {
	if err := signing.Promote(c.File, c.ID); err != nil {
		return c.missingIsWrong(err)
	}
	fmt.Printf("%s signs as soon as each process has read the keys again; the others stay valid\n", c.ID)
	return nil
}

type keysRetireCommand struct {
	keysFile
	ID string `arg:"" placeholder:"KEY" help:"The key's id."`
}

// Run implements the command.
func (c *keysRetireCommand) Run() error {
	if err := signing.Retire(c.File, c.ID); err != nil {
		return c.missingIsWrong(err)
	}
	fmt.Printf("%s is valid no more as soon as each process and device has read the keys again\n", c.ID)
	return nil
}

func (f keysFile) missingIsWrong(err error) error {
	if errors.Is(err, signing.ErrNoSuchKey) {
		return wrongSwitches(fmt.Errorf("%w; campaignd keys list %s shows those that there are", err, f.File))
	}
	return err
}

// openKeys returns the keys that commands are signed with; nil when this process signs none.
func openKeys(c *config.Engine) (ring *signing.Ring, made bool, err error) {
	if signs, err := c.Signs(); err != nil || !signs {
		return nil, false, err
	}
	path, create := c.KeysFile()
	ring, made, err = signing.OpenRing(path, create)
	if errors.Is(err, os.ErrNotExist) {
		err = fmt.Errorf("%w; campaignd keys init %s makes it", err, path)
	}
	return ring, made, err
}
