package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/rmn-arms/campaign-engine/cmd/internal/drive"
	"github.com/rmn-arms/campaign-engine/cmd/internal/httpd"
	"github.com/rmn-arms/campaign-engine/cmd/internal/run"
	"github.com/rmn-arms/campaign-engine/cmd/internal/signing"
	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/engine"
)

// newRegistry returns where metrics are gathered, with those of Go and of the process.
func newRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return registry
}

// clockOf returns what the engine decides by: the clock that is driven, else the machine's.
func clockOf(driven *drive.Drive) engine.Clock {
	if driven == nil {
		return processors.SystemClock()
	}
	return driven.Clock()
}

// pagesOf returns what HTTP answers; keys are nil where nothing is signed, driven where the clock is the machine's.
func pagesOf(registry *prometheus.Registry, process *run.Process, keys *signing.Ring, driven *drive.Drive) httpd.Pages {
	pages := httpd.Pages{Registry: registry, State: stateOf(process)}
	if keys != nil {
		pages.Keys = keys.Public
	}
	if driven != nil {
		pages.Clock = func() any { return driven.Note() }
	}
	return pages
}

// stateOf returns what /readyz tells of a process.
func stateOf(process *run.Process) func() httpd.State {
	return func() httpd.State {
		return httpd.State{Waiting: process.NotReady(), CatchingUp: process.CatchingUp()}
	}
}
