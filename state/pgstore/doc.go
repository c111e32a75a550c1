// Package pgstore keeps in Postgres what the engine has decided about campaigns and their money. It is the only room that
// knows SQL: plain structs go in and come out.
//
// What is written is idempotent in two ways. The positions of the sources move in the transaction that writes their rows,
// and only from where the writer believes them to be, so that an owner that was paused is refused (ErrOvertaken). And each
// row has its business key, so that a source that is read again from the beginning changes nothing; a key that comes with
// other content is a Conflict, which is reported and never written.
//
// Money is booked in a double-entry ledger. Drawing a budget moves it from funding to the campaign's hold; the release
// moves all of the hold to revenue (spent) and to the advertiser's wallet (released). The tables themselves refuse a set
// that does not sum to zero, a negative hold or wallet, a hold that is not zero after its release, and any change of what
// was booked.
//
// Decimals keep all their digits and their scale on the way, as text or in the form of the database's numeric, and no float is
// near.
package pgstore
