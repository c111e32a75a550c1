package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strings"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/content"
	"github.com/rmn-arms/campaign-engine/schemas"
)

type contentCommand struct {
	Listen string `name:"listen" default:"127.0.0.1:8090" placeholder:"HOST:PORT" help:"Where it answers (default ${default}; port 0: any)."`
	Dir    string `name:"dir" type:"existingdir" placeholder:"FOLDER" help:"Serve the files of a folder under /files/, too."`

	Seed    uint64  `name:"seed" group:"Faults" default:"1" placeholder:"N" help:"Of all chance (default ${default})."`
	Cut     float64 `name:"cut" group:"Faults" placeholder:"P" help:"Probability that an answer is cut."`
	Corrupt float64 `name:"corrupt" group:"Faults" placeholder:"P" help:"Probability that a byte of an answer is wrong."`
	Refuse  float64 `name:"refuse" group:"Faults" placeholder:"P" help:"Probability that the answer is 503."`
}

// Help implements kong.HelpProvider.
func (contentCommand) Help() string {
	return `/<creative>/<version>/<bytes> is a file of so many bytes, which follow from the creative and its version: nothing is
stored, and storesim creative says what a campaign's definition names it by. Ranges are served.`
}

// Run implements the command.
func (c *contentCommand) Run(ctx context.Context, on console) error {
	for name, p := range map[string]float64{"cut": c.Cut, "corrupt": c.Corrupt, "refuse": c.Refuse} {
		if !(p >= 0 && p <= 1) {
			return wrongSwitches(fmt.Errorf("--%s: %g is no probability; it must lie between 0 and 1", name, p))
		}
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	fmt.Fprintf(on.out, "contents at http://%s\n", listener.Addr())
	faults := content.Faults{Seed: c.Seed, Cut: c.Cut, Corrupt: c.Corrupt, Refuse: c.Refuse}
	return content.Serve(ctx, listener, content.Handler(c.Dir, faults))
}

type creativeCommand struct {
	ID       string `arg:"" name:"creative" help:"The creative's id."`
	Version  int64  `name:"version" default:"1" placeholder:"N" help:"Its version (default ${default})."`
	Bytes    int64  `name:"bytes" default:"65536" placeholder:"N" help:"The size of its content (default ${default})."`
	Base     string `name:"base" default:"http://127.0.0.1:8090" placeholder:"URL" help:"Where storesim content answers (default ${default})."`
	MIME     string `name:"mime" default:"video/mp4" placeholder:"TYPE" help:"Its media type (default ${default})."`
	Duration int64  `name:"duration-ms" default:"15000" placeholder:"MS" help:"How long a spot lasts (default ${default})."`
}

// Run implements the command.
func (c *creativeCommand) Run(on console) error {
	if !schemas.IsID(c.ID) || c.Version < 1 || c.Bytes < 1 || c.Duration < 1 {
		return wrongSwitches(fmt.Errorf("the id must match %s, all numbers be positive", schemas.IDPattern))
	}
	file := content.File{CreativeID: c.ID, Version: c.Version, Bytes: c.Bytes}
	text, err := json.Marshal(file.Creative(strings.TrimSuffix(c.Base, "/"), c.MIME, c.Duration))
	if err != nil {
		return fmt.Errorf("writing a creative: %w", err)
	}
	fmt.Fprintf(on.out, "%s\n", text)
	return nil
}
