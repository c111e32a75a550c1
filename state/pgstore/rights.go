package pgstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// right is what is done with a table; migrations 00002 and 00004 grant it.
type right struct{ name, table string }

// writing returns all rights that a writer uses.
func writing() []right {
	var all []right
	for _, t := range []struct {
		tables []string
		names  []string
	}{
		{[]string{"campaign_transitions", "statements", "releases", "entry_sets", "entries", "accounts"}, []string{"SELECT", "INSERT"}},
		{[]string{"campaigns"}, []string{"SELECT", "INSERT", "UPDATE"}},
		{[]string{"pending_releases"}, []string{"SELECT", "INSERT", "DELETE"}},
		{[]string{"source_positions"}, []string{"SELECT", "INSERT", "UPDATE"}},
		{[]string{"mail_positions", "mail_campaigns", "mails"}, []string{"SELECT", "INSERT", "UPDATE"}},
		{[]string{"mail_pace"}, []string{"SELECT", "UPDATE"}},
	} {
		for _, table := range t.tables {
			for _, name := range t.names {
				all = append(all, right{name, table})
			}
		}
	}
	return all
}

const insufficientPrivilege = "42501"

// rightsError makes the refusal of a right one that says all rights that are lacking, and who can grant them; another error
// stays as it is.
func (s *Store) rightsError(ctx context.Context, doing string, err error) error {
	var server *pgconn.PgError
	if !errors.As(err, &server) || server.Code != insufficientPrivilege {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	role, missing, asking := s.missing(ctx)
	if asking != nil || len(missing) == 0 {
		return err // what the server said is all that is known
	}
	return &Error{Doing: doing, Err: err, Reason: lacks(role, missing)}
}

// errRights stands for what the server would say later.
var errRights = errors.New("permission denied")

// checkRights refuses a role that could not write.
func (s *Store) checkRights(ctx context.Context) error {
	var missing []right
	var role string
	err := s.bounded(ctx, "asking for the rights", func(ctx context.Context) (err error) {
		role, missing, err = s.missing(ctx)
		return err
	})
	if err == nil && len(missing) > 0 {
		err = &Error{Doing: "opening the database", Reason: lacks(role, missing), Err: errRights}
	}
	return err
}

// lacks words what a role has to be granted.
func lacks(role string, missing []right) string {
	var all, grants []string
	for _, r := range missing {
		if r.table == "" {
			all, grants = append(all, r.name+" on the schema campaign_engine"),
				append(grants, fmt.Sprintf("GRANT %s ON SCHEMA campaign_engine TO %s", r.name, quoted(role)))
			continue
		}
		all = append(all, r.name+" on campaign_engine."+r.table)
		grants = append(grants, fmt.Sprintf("GRANT %s ON campaign_engine.%s TO %s", r.name, r.table, quoted(role)))
	}
	return fmt.Sprintf("the role %s lacks %s: as the owner of the schema, run %s", role, strings.Join(all, ", "),
		strings.Join(grants, "; "))
}

func quoted(role string) string { return pgx.Identifier{role}.Sanitize() }

// missing asks which rights the role that the program works as does not have. A right to some columns is one.
func (s *Store) missing(ctx context.Context) (role string, missing []right, err error) {
	var usage bool
	err = s.pool.QueryRow(ctx, "SELECT current_user, has_schema_privilege('campaign_engine', 'USAGE')").Scan(&role, &usage)
	if err != nil || !usage {
		return role, []right{{name: "USAGE"}}, err
	}
	all := writing()
	rows, err := s.pool.Query(ctx, `SELECT name, tbl FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS r (name, tbl, place)
WHERE NOT has_table_privilege('campaign_engine.' || tbl, name)
  AND NOT (name <> 'DELETE' AND has_any_column_privilege('campaign_engine.' || tbl, nullif(name, 'DELETE')))
ORDER BY place`, column(all, func(r *right) string { return r.name }), column(all, func(r *right) string { return r.table }))
	if err != nil {
		return role, nil, err
	}
	missing, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (r right, err error) { return r, row.Scan(&r.name, &r.table) })
	return role, missing, err
}
