package proctest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Lock takes the lock that the file stands for, which one process of the machine holds at a time, and makes the file if
// need be. The lock ends with the process that holds it, killed or not. The context limits the waiting.
func Lock(ctx context.Context, file string) (unlock func() error, err error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("locking: %w", err)
	}
	err = Await(ctx, func(context.Context) error {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return errors.New("another process holds it")
		}
		return err
	})
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("locking %s: %w", file, err)
	}
	return f.Close, nil
}
