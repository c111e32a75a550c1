package pgstore

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestClassify(t *testing.T) {
	state := func(code string) error { return fmt.Errorf("writing: %w", &pgconn.PgError{Code: code}) }
	for _, c := range []struct {
		err       error
		retryable bool
		reason    string // begins with
	}{
		{state("08006"), true, "the connection"},
		{state("40001"), true, "another transaction"},
		{state("40P01"), true, "two transactions"},
		{state("40003"), true, "the outcome"},
		{state("53100"), true, "the database's disk is full"},
		{state("53300"), true, "the database has no connection left"},
		{state("53400"), true, "the database is short"},
		{state("57P01"), true, "the server is stopping"},
		{state("57P02"), true, "the server is stopping"},
		{state("57P03"), true, "the server is stopping"},
		{state("57014"), true, "the database cancelled"},
		{state("55P03"), true, "a lock"},
		{state("25006"), true, "the server takes no writes"},
		{state("25P03"), true, "the database ended"},
		{state("58030"), true, "the database's server cannot"},
		{state("57P04"), false, "the database was dropped"},
		{state("28P01"), false, "the password"},
		{state("28000"), false, "the login"},
		{state("3D000"), false, "the database does not exist"},
		{state("42P01"), false, "a table is missing"},
		{state("42501"), false, "the login lacks"},
		{state("22P05"), false, "the database cannot hold"},
		{state("23514"), false, "a rule of the ledger"},
		{state("23505"), false, "a rule of the ledger"},
		{state("XX001"), false, "the database says that it is damaged"},
		{state("42601"), false, "the database refuses it"},
		{state(""), false, "the database refuses it"},
		{io.ErrUnexpectedEOF, true, "the connection"},
		{fmt.Errorf("reading: %w", io.EOF), true, "the connection"},
		{net.ErrClosed, true, "the connection"},
		{&net.OpError{Op: "read", Err: syscall.ECONNRESET}, true, "the connection"},
		{&net.OpError{Op: "write", Err: syscall.EPIPE}, true, "the connection"},
		{errors.New("conn closed"), true, "the connection"},
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, true, "no server answers"},
		{&net.OpError{Op: "dial", Err: syscall.ENOENT}, true, "no server answers"},
		{&net.DNSError{Err: "no such host", IsNotFound: true}, true, "the name"},
		{context.DeadlineExceeded, true, "the database did not answer"},
		{x509.UnknownAuthorityError{}, false, "the encrypted connection"},
		{errors.New("cannot convert 5 to text"), false, "this is not an error that passes"},
	} {
		got := classify(c.err)
		if got.retryable != c.retryable || !strings.HasPrefix(got.reason, c.reason) {
			t.Errorf("%v: %+v, want %v, %q", c.err, got, c.retryable, c.reason)
		}
	}
}

func TestFailure(t *testing.T) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if err := failure(ended, "writing", io.EOF); !errors.Is(err, context.Canceled) || Retryable(err) {
		t.Errorf("the end of the caller's context is the caller's: %v", err)
	}
	overtaken := fmt.Errorf("writing: %w", &OvertakenError{})
	if err := failure(context.Background(), "writing", overtaken); !errors.Is(err, ErrOvertaken) || Retryable(err) {
		t.Errorf("overtaken: %v", err)
	}
	if err := failure(context.Background(), "writing", io.EOF); !Retryable(err) || !errors.Is(err, io.EOF) ||
		!strings.HasPrefix(err.Error(), "writing: the connection to the database was lost: ") {
		t.Errorf("connection lost: %v", err)
	}
	if err := failure(context.Background(), "writing", nil); err != nil {
		t.Error(err)
	}
}
