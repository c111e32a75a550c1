// Package reconcile holds the ledger in Postgres against the topics that it is made from. It folds the topics by itself, with
// nothing of what writes the ledger, and compares what both say of each campaign's hold, release and statements, and of
// each wallet. Nothing here reads a topic or speaks to a database.
//
//	fold.go     records in: what should be in the ledger
//	compare.go  the ledger in: where it differs
//	wallets.go  what the releases come to, by wallet
//	breaks.go   the classes of differences, and how they are told
//	text.go     the result for a person
//
// Memory: some 400 bytes per campaign. The ledger is walked through, and none of it is kept.
package reconcile
