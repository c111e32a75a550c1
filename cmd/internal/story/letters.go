package story

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// letters returns the mails in a folder: to whom, about what, and what is compared of what they tell, in that order.
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

// letter returns a mail's recipient and subject, and the facts that are compared.
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
	text, err := plainText(read)
	if err != nil {
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
	return fmt.Sprintf("to %s: %s", to.Address, strings.Join(append([]string{subject}, compared(text)...), "; ")), nil
}

// plainText reads the first part of a mail, and all of the rest.
func plainText(read *mail.Message) (string, error) {
	_, parameters, err := mime.ParseMediaType(read.Header.Get("Content-Type"))
	if err != nil {
		return "", err
	}
	parts := multipart.NewReader(read.Body, parameters["boundary"])
	part, err := parts.NextPart()
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(part)
	if err != nil {
		return "", err
	}
	for err == nil {
		_, err = parts.NextPart()
	}
	if !errors.Is(err, io.EOF) {
		return "", err
	}
	return string(text), nil
}

// compared returns those lines of a mail's text that are the same in each run. A provisional mail has figures or not, as it
// comes: their labels are not among these.
func compared(text string) (facts []string) {
	for line := range strings.Lines(text) {
		label, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if slices.Contains(comparedLabels[:], label) {
			facts = append(facts, label+" "+strings.Join(strings.Fields(value), " "))
		}
	}
	return facts
}

var comparedLabels = [...]string{"Reason given", "Angegebener Grund", "Plays", "Ausspielungen", "Spent", "Ausgegeben"}
