package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// array reads the events of one JSON array.
type array struct {
	from   *bounded
	in     *jsontext.Decoder
	number int
}

// elementMaxBytes bounds an element as it is written; without the space between its members it must not be larger than any
// other event.
const elementMaxBytes = 8 * schemas.RecordMaxBytes

var errBehindArray = errors.New("something follows the array")

func arrayOf(from io.Reader) *array {
	b := &bounded{from: from, left: elementMaxBytes}
	return &array{from: b, in: jsontext.NewDecoder(b)}
}

func (a *array) at() (place, int64) { return place{"event", a.number}, a.in.InputOffset() }

// next implements source. Behind JSON that is broken nothing can be read: that is an error of the input, not of one event.
func (a *array) next() ([]byte, error) {
	if a.number == 0 {
		if _, err := a.in.ReadToken(); err != nil { // the bracket
			return nil, err
		}
	}
	a.number++
	a.from.left = elementMaxBytes
	if a.in.PeekKind() == ']' {
		return nil, a.end()
	}
	event, err := a.in.ReadValue()
	if errors.Is(err, io.EOF) {
		return nil, io.ErrUnexpectedEOF // the array has no end
	}
	if err != nil {
		return nil, err
	}
	if err := event.Compact(); err != nil {
		return nil, err
	}
	if len(event) > schemas.RecordMaxBytes {
		return nil, errLineLong
	}
	return event, nil
}

// end returns io.EOF if nothing but space stands behind the array.
func (a *array) end() error {
	if _, err := a.in.ReadToken(); err != nil {
		return err
	}
	if _, err := a.in.ReadToken(); !errors.Is(err, io.EOF) {
		return errBehindArray
	}
	return io.EOF
}

// bounded lets at most left bytes through.
type bounded struct {
	from io.Reader
	left int
}

func (b *bounded) Read(into []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("an element of more than %d bytes", elementMaxBytes)
	}
	n, err := b.from.Read(into[:min(len(into), b.left)])
	b.left -= n
	return n, err
}
