package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// secondAfter is how long after the first signal another one means something new. Who signals a process and its group, as
// timeout(1) and wrappers that pass Ctrl-C on do, sends the same one twice within a moment.
const secondAfter = time.Second

// untilSignal returns a context that ends with the first SIGINT or SIGTERM; one that comes secondAfter or later ends the
// process at once.
func untilSignal() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		untilForced(signals, cancel, time.Now)
		fmt.Fprintln(os.Stderr, "campaignd: a second signal: it ends at once; the next owner does again what was not committed")
		os.Exit(exitFailed)
	}()
	return ctx, cancel
}

// untilForced calls end at the first signal, and returns when a later one means that waiting is over.
func untilForced(signals <-chan os.Signal, end func(), now func() time.Time) {
	<-signals
	first := now()
	end()
	for range signals {
		if now().Sub(first) >= secondAfter {
			return
		}
	}
}

// onSignal calls then when a signal comes, which does nothing else until stop.
func onSignal(which os.Signal, then func()) (stop func()) {
	signals, stopped := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, which)
	go func() {
		select {
		case <-signals:
			then()
		case <-stopped:
		}
	}()
	return func() {
		signal.Stop(signals)
		close(stopped)
	}
}
