package story

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
)

const mailsTitle = "mails"

// awaitLetters waits until so many mails were written, if there are any, and tells of those that are new.
func (t *stage) awaitLetters(ctx context.Context, count int) error {
	if t.without != "" {
		return nil
	}
	var written []string
	var failed error
	err := t.await(ctx, fmt.Sprintf("%d mails are written", count), func() bool {
		written, failed = letters(t.Mails)
		return failed != nil || len(written) >= count
	})
	if failed != nil {
		return failed
	}
	before := t.letters
	t.letters = written
	for _, line := range written {
		if !slices.Contains(before, line) {
			t.line(advertiser, "mail", line)
		}
	}
	return err
}

// letters returns the mails in a folder: to whom, and about what, in the order of both.
func letters(folder string) (lines []string, err error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.eml"))
	if err != nil {
		return nil, fmt.Errorf("looking for mails: %w", err)
	}
	for _, path := range files {
		line, err := letter(path)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", path, err)
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines, nil
}

// letter returns a mail's recipient and subject.
func letter(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	read, err := mail.ReadMessage(file)
	if err != nil {
		return "", err
	}
	if _, err := io.Copy(io.Discard, read.Body); err != nil {
		return "", err
	}
	to, err := mail.ParseAddress(read.Header.Get("To"))
	if err != nil {
		return "", err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject"))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("to %s: %s", to.Address, subject), nil
}
