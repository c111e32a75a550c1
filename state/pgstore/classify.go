package pgstore

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Error is why the database did not do what was asked. Its text begins with what was being done and with Reason.
type Error struct {
	Doing string // with a gerund: "writing"
	// Retryable says that the same call may succeed later without anybody changing the program or its settings. A Write may
	// be repeated as it is: it is idempotent.
	Retryable bool
	// Reason says in a person's words what is wrong and, where somebody must act, what to do.
	Reason string
	Err    error
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s: %v", e.Doing, e.Reason, e.Err) }

// Unwrap returns what the driver said.
func (e *Error) Unwrap() error { return e.Err }

// Retryable reports whether an error of this room may go away by itself. ErrOvertaken and the end of the caller's own
// context are not retryable.
func Retryable(err error) bool {
	var known *Error
	return errors.As(err, &known) && known.Retryable
}

// class is what classify makes of an error.
type class struct {
	retryable bool
	reason    string
}

// classify says whether an error goes away by itself, and what a person should know. It is total: what it does not know
// is final, because repeating what is not understood hides it.
func classify(err error) class {
	var server *pgconn.PgError
	if errors.As(err, &server) {
		return ofState(server)
	}
	var settings *pgconn.ParseConfigError
	if errors.As(err, &settings) {
		return class{false, "the database's address is not a Postgres URL or DSN: correct --database-url"}
	}
	if isTLS(err) {
		return class{false, "the encrypted connection was refused: check the server's certificate, sslmode and sslrootcert"}
	}
	var name *net.DNSError
	if errors.As(err, &name) {
		return class{true, "the name of the database's host was not found"}
	}
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENOENT) {
		return class{true, "no server answers at the database's address: is it running?"}
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || pgconn.Timeout(err) {
		return class{true, "the database did not answer in time"}
	}
	var network net.Error
	var connecting *pgconn.ConnectError
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.As(err, &network) || errors.As(err, &connecting) || isReset(err) || errors.Is(err, pgx.ErrTxClosed) {
		return class{true, "the connection to the database was lost"}
	}
	return class{false, "this is not an error that passes by itself"}
}

func isReset(err error) bool {
	var number syscall.Errno
	return errors.As(err, &number) || pgconn.SafeToRetry(err) || err.Error() == "conn closed" ||
		errors.Is(err, errConnectionLost)
}

func isTLS(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		authority    x509.UnknownAuthorityError
		host         x509.HostnameError
		invalid      x509.CertificateInvalidError
		alert        tls.AlertError
		header       tls.RecordHeaderError
	)
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &host) ||
		errors.As(err, &invalid) || errors.As(err, &alert) || errors.As(err, &header)
}

// ofState goes by the five letters of SQLSTATE (appendix "PostgreSQL Error Codes"), then by their class.
func ofState(e *pgconn.PgError) class {
	if known, is := states()[e.Code]; is {
		return known
	}
	if len(e.Code) == 5 {
		if known, is := stateClasses()[e.Code[:2]]; is {
			return known
		}
	}
	return class{false, "the database refuses it, and will again"}
}

func states() map[string]class {
	return map[string]class{
		"25006": {true, "the server takes no writes: it is a standby, or a failover is under way"},
		"25P03": {true, "the database ended a transaction that had stood still"},
		"25P04": {true, "the database ended a transaction that took too long"},
		"28P01": {false, "the password was refused: correct it in --database-url or in the password file"},
		"3D000": {false, "the database does not exist: create it, or correct its name in --database-url"},
		"3F000": {false, "the schema campaign_engine is missing: let the program migrate, as a login that may create it"},
		"40001": {true, "another transaction was in the way"},
		"40P01": {true, "two transactions waited for each other"},
		"40003": {true, "the outcome of the transaction is not known"},
		"42501": {false, "the login lacks a right: grant it what is named, or migrate as the owner of the schema campaign_engine"},
		"42P01": {false, "a table is missing: let the program migrate, as a login that may create it"},
		"53100": {true, "the database's disk is full: free space there"},
		"53200": {true, "the database is out of memory"},
		"53300": {true, "the database has no connection left: raise max_connections, or close others"},
		"55006": {true, "the database is being used in a way that shuts this out"},
		"55P03": {true, "a lock was not to be had in time: another owner is writing, or has stopped in the middle"},
		"57014": {true, "the database cancelled a statement that took too long, or somebody cancelled it"},
		"57P04": {false, "the database was dropped"},
		"58P01": {false, "a file of the database is missing on its server: it is damaged, restore it"},
		"58P02": {false, "a file of the database stands twice on its server: it is damaged, restore it"},
		"P0001": {false, "a rule of the database refuses it"},
		"26000": {false, "the connection changes between statements: connect to the server itself, or to a pooler in session mode"},
	}
}

func stateClasses() map[string]class {
	return map[string]class{
		"08": {true, "the connection to the database was lost"},
		"22": {false, "the database cannot hold a value: the row that it names is not what the engine writes"},
		"23": {false, "a rule of the ledger refuses it: nothing was booked; compare ledger and topics with campaignctl reconcile"},
		"28": {false, "the login is refused: check the user, and pg_hba.conf on the server"},
		"40": {true, "the transaction was rolled back by the database"},
		"53": {true, "the database is short of something"},
		"57": {true, "the server is stopping, starting, or was told to end the connection"},
		"58": {true, "the database's server cannot read or write its files: look at its disk"},
		"XX": {false, "the database says that it is damaged: look at its log"},
	}
}
