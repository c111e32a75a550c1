package proctest

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"
)

const victimEnv = "PROCTEST_VICTIM"

const patience = 2 * time.Minute

// TestMain runs the tests, or, when a test started this binary for that, is the program that gets killed.
func TestMain(m *testing.M) {
	if os.Getenv(victimEnv) == "" {
		os.Exit(m.Run())
	}
	if err := Run(os.Stderr, victim); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// victim starts all that is to vanish with it, says what that is, and waits to be killed.
func victim(t TB) {
	dir := Folder(t, "victim")
	child := Start(t, Command{Path: "sleep", Args: []string{"1000"}})
	if err := os.WriteFile(dir+"/file", []byte("data"), 0o600); err != nil {
		t.Fatalf("%v", err)
	}
	fmt.Println(child.PID(), Port(t), dir)
	select {}
}

func await(t *testing.T, check func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := Await(ctx, func(context.Context) error { return check() }); err != nil {
		t.Fatal(err)
	}
}
