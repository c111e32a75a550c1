package simulate

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/rmn-arms/campaign-engine/topics"
)

// lines reads lines of bounded length.
type lines struct {
	from   *bufio.Reader
	number int // of the last line, from 1
}

func linesOf(from io.Reader) *lines { return &lines{from: bufio.NewReaderSize(from, 64<<10)} }

// lineMaxBytes is more than the engine takes, so that it can say so of a line as of a record, and what no broker takes.
const lineMaxBytes = topics.InputMaxBytes

// byteOrderMark is what some programs put before a text in UTF-8. It is no part of it.
var byteOrderMark = []byte("\ufeff")

// next returns the next line that is not blank, without the space around it, in memory of its own. Errors: io.EOF, and those of
// the input; a line that no broker would take.
func (l *lines) next() ([]byte, error) {
	for {
		line, err := l.line()
		if err != nil {
			return nil, err
		}
		if l.number == 1 {
			line = bytes.TrimPrefix(line, byteOrderMark)
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return line, nil
		}
	}
}

func (l *lines) line() (line []byte, err error) {
	l.number++
	for {
		piece, err := l.from.ReadSlice('\n')
		if len(line)+len(piece) > lineMaxBytes {
			return nil, fmt.Errorf("reading line %d: it is longer than %d bytes, which no broker takes", l.number, lineMaxBytes)
		}
		line = append(line, piece...)
		switch {
		case err == nil || errors.Is(err, io.EOF) && len(line) > 0:
			return line, nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return nil, io.EOF
		default:
			return nil, fmt.Errorf("reading line %d: %w", l.number, err)
		}
	}
}
