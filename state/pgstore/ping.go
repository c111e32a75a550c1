package pgstore

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Ping returns nil when the server at the URL lets us in and answers.
func Ping(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) // nothing was sent that could be lost
	return conn.Ping(ctx)
}
