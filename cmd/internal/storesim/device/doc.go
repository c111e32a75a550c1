// Package device is a simulated device: what it does with commands, time and what comes of its fetches, without doing it.
// A Machine decides, its Hands do; so a whole life of a device runs in a test in no time.
//
//	obey.go     whether a record of the store's topic is obeyed (pure)
//	machine.go  the device: what it knows, what happens to it
//	play.go     what is on its screen, and the plays that it reports
//	fetch.go    what it fetches and throws away
//	ack.go      what it says of a command
package device
