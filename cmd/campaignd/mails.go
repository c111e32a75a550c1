package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/rmn-arms/campaign-engine/cmd/internal/run"
	"github.com/rmn-arms/campaign-engine/processors/mailer/post"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// mailFolder is where mails are kept in the data folder, where there is no mail server.
const mailFolder = "mails"

// mails returns how mails are made and sent.
func (c *runCommand) mails() (run.Mails, error) {
	sender, err := c.Sender()
	if err != nil {
		return run.Mails{}, err
	}
	mails := run.Mails{Sender: sender, Rate: c.MailRate, MaxAge: instant.Millis(c.MailMaxAge.Milliseconds())}
	server, given, err := c.SMTPURL.Server()
	if err != nil {
		return run.Mails{}, err
	}
	if given {
		mails.Transport, mails.To = post.NewSMTP(server, hostName()), server.String()
		return mails, nil
	}
	folder := filepath.Join(c.DataDir, mailFolder)
	mails.Transport, mails.To = post.NewFolder(folder), "the folder "+folder+" (no --smtp-url is given)"
	return mails, nil
}

// hostName is what this machine calls itself to a mail server.
func hostName() string {
	name, err := os.Hostname()
	if err != nil || name == "" || strings.ContainsAny(name, " \r\n") {
		return "localhost"
	}
	return name
}

// shellWord quotes what a shell would take apart.
func shellWord(text string) string {
	if !strings.ContainsAny(text, " '\"<>{}&;$`\\|()*?#~") {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
