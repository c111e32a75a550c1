package story

import (
	"fmt"
	"io"
	"mime"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
)

// lettersFolder is where the mailer keeps mails when no server is named, within the data folder.
const lettersFolder = "mails"

// letters returns the mails that were written: to whom, and about what, in the order of both.
func letters(folder string) ([]section, error) {
	files, err := filepath.Glob(filepath.Join(folder, lettersFolder, "*.eml"))
	if err != nil {
		return nil, fmt.Errorf("looking for mails: %w", err)
	}
	one := section{title: "mails"}
	for _, path := range files {
		line, err := letter(path)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", path, err)
		}
		one.lines = append(one.lines, line)
	}
	slices.Sort(one.lines)
	return []section{one}, nil
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
