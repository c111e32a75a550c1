// Package processors holds the shells around the pure rooms of state: one file per goka group, each a graph of thin
// callbacks that decode, translate, decide, store and emit. What runs them is the engine, below.
//
// Rules of the room: decisions are in state; time comes from the engine's context; a callback reaches its own key's row
// only; no I/O in a callback.
package processors
