package post

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

// The longest waits for the server.
const (
	connectMax = 20 * time.Second // until it can be told of a mail
	commandMax = 30 * time.Second // for each answer before the last line, and for its taking the text
	answerMax  = 10 * time.Minute // for the answer to the last line (RFC 5321, 4.5.3.2.6): who gives up earlier is in doubt
	quitMax    = 2 * time.Second
)

// SMTP hands mails to a server.
type SMTP struct {
	server      Server
	name        string // what this machine calls itself
	authorities *x509.CertPool
	commandMax  time.Duration
	answerMax   time.Duration

	mu   sync.Mutex
	idle []*connection
}

var _ Transport = (*SMTP)(nil)

// NewSMTP returns the way to a server. name is what this machine calls itself.
func NewSMTP(server Server, name string) *SMTP {
	return &SMTP{server: server, name: name, commandMax: commandMax, answerMax: answerMax}
}

// Trust has the server's certificate checked against these authorities, not the system's.
func (s *SMTP) Trust(authorities *x509.CertPool) { s.authorities = authorities }

// Rest implements Transport: it ends connections that nobody needs, all at once.
func (s *SMTP) Rest() {
	s.mu.Lock()
	idle := s.idle
	s.idle = nil
	s.mu.Unlock()
	var ending sync.WaitGroup
	for _, c := range idle {
		ending.Go(func() {
			_, _ = c.within(context.Background(), quitMax, c.client.Quit) // politeness: it is closed in any case
			c.cut()
		})
	}
	ending.Wait()
}

// take returns a connection that has a mail behind it, or a new one.
func (s *SMTP) take(ctx context.Context, fresh bool) (*connection, error) {
	s.mu.Lock()
	if n := len(s.idle); n > 0 && !fresh {
		c := s.idle[n-1]
		s.idle = s.idle[:n-1]
		s.mu.Unlock()
		return c, nil
	}
	s.mu.Unlock()
	return s.connect(ctx)
}

// keep keeps a connection for the next mail.
func (s *SMTP) keep(c *connection) {
	c.used = true
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = append(s.idle, c)
}

// Carry implements Transport.
func (s *SMTP) Carry(ctx, last context.Context, m *pgstore.ClaimedMail, commit func() error) Answer {
	if strings.ContainsAny(m.Sender+m.Recipient, "\r\n<>") {
		return Answer{Refused, "the address cannot stand in a command"}
	}
	c, err := s.take(ctx, false)
	if err != nil {
		return Answer{Unreachable, err.Error()}
	}
	answer := s.carryOver(ctx, last, c, m, commit)
	if answer.Verdict == stale {
		if c, err = s.take(ctx, true); err != nil {
			return Answer{Unreachable, err.Error()}
		}
		answer = s.carryOver(ctx, last, c, m, commit)
	}
	return answer
}

// stale says that a connection was used before and is over: the server knows nothing of the mail yet.
const stale Verdict = -1

// carryOver hands a mail over a connection, and keeps that, or ends it.
func (s *SMTP) carryOver(ctx, last context.Context, c *connection, m *pgstore.ClaimedMail, commit func() error) Answer {
	answer, data := s.announce(ctx, c, m)
	if data == nil {
		s.settle(ctx, c, answer)
		return answer
	}
	if err := commit(); err != nil {
		c.cut() // the server drops what has no last line
		return Answer{Withheld, err.Error()}
	}
	if ctx.Err() != nil {
		c.cut()
		return Answer{Withheld, "the process ends"}
	}
	var taken *smtp.DataResponse
	cut, err := c.within(last, s.answerMax, func() (err error) {
		taken, err = data.CloseWithResponse()
		return err
	})
	answer = answered(taken, err)
	if cut && answer.Verdict == Unknown {
		answer.Text = "no answer within " + s.answerMax.String()
		if last.Err() != nil {
			answer.Text = "the process ended before the answer came"
		}
	}
	s.settle(ctx, c, answer)
	return answer
}

// announce tells the server of a mail, and gives it all but the last line. Without data there is an answer.
func (s *SMTP) announce(ctx context.Context, c *connection, m *pgstore.ClaimedMail) (Answer, *smtp.DataCommand) {
	options := &smtp.MailOptions{Size: int64(len(m.Message)), UTF8: !isASCII(m.Sender + m.Recipient)}
	if options.UTF8 && !extends(c.client, "SMTPUTF8") {
		return Answer{Refused, "the server takes no address with letters beyond ASCII (SMTPUTF8)"}, nil
	}
	var data *smtp.DataCommand
	steps := []struct {
		doing string
		do    func() error
	}{
		{"MAIL", func() error { return c.client.Mail(m.Sender, options) }},
		{"RCPT", func() error { return c.client.Rcpt(m.Recipient, nil) }},
		{"DATA", func() (err error) { data, err = c.client.Data(); return err }},
		{"the text", func() error { _, err := data.Write(m.Message); return err }},
	}
	for _, step := range steps {
		cut, err := c.within(ctx, s.commandMax, step.do)
		if cut { // even where the answer came at the last moment: what is left of the connection takes no last line
			if err = fmt.Errorf("no answer within %s", s.commandMax); ctx.Err() != nil {
				err = errors.New("the process ended before the answer came")
			}
		}
		if err != nil {
			if data != nil {
				c.cut() // the server drops what has no last line
			}
			answer := announced(step.doing, c.used, err)
			if answer.Verdict == Unsent && options.UTF8 {
				answer.Verdict = Refused // it may be for the other address
			}
			return answer, nil
		}
	}
	return Answer{}, data
}

// announced says what an error before the last line means.
func announced(doing string, used bool, err error) Answer {
	var refused *smtp.SMTPError
	switch {
	case doing == "MAIL" && used && (!errors.As(err, &refused) || refused.Code == 421):
		return Answer{Verdict: stale}
	case !errors.As(err, &refused):
		return Answer{Later, doing + ": " + err.Error()}
	case doing == "MAIL" && refused.Code != 552 && (refused.Code >= 500 || refused.Code == 421):
		return Answer{Unsent, "the sender is refused: " + said(refused)} // whoever the mail is for
	case refused.Code >= 500:
		return Answer{Refused, doing + ": " + said(refused)}
	}
	return Answer{Later, doing + ": " + said(refused)}
}

// answered says what the answer to the last line means. What is no answer leaves it in doubt.
func answered(taken *smtp.DataResponse, err error) Answer {
	var refused *smtp.SMTPError
	switch {
	case err == nil:
		return Answer{Accepted, taken.StatusText}
	case !errors.As(err, &refused):
		return Answer{Unknown, "no answer: " + err.Error()}
	case refused.Code/100 == 2:
		return Answer{Accepted, said(refused)}
	case refused.Code/100 == 4:
		return Answer{Later, said(refused)}
	case refused.Code/100 == 5:
		return Answer{Refused, said(refused)}
	}
	return Answer{Unknown, said(refused)}
}

// settle keeps a connection that can take another mail, and ends any other.
func (s *SMTP) settle(ctx context.Context, c *connection, answer Answer) {
	if c.over.Load() {
		return
	}
	switch answer.Verdict {
	case Accepted:
		s.keep(c)
		return
	case Unknown, stale:
		c.cut()
		return
	}
	if cut, err := c.within(ctx, quitMax, c.client.Reset); err != nil || cut {
		c.cut()
		return
	}
	s.keep(c)
}

func extends(client *smtp.Client, name string) bool {
	does, _ := client.Extension(name)
	return does
}

func isASCII(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r > 127 }) < 0
}

func said(e *smtp.SMTPError) string {
	if e.EnhancedCode == smtp.NoEnhancedCode || e.EnhancedCode == smtp.EnhancedCodeNotSet {
		return fmt.Sprintf("%d %s", e.Code, e.Message)
	}
	return fmt.Sprintf("%d %d.%d.%d %s", e.Code, e.EnhancedCode[0], e.EnhancedCode[1], e.EnhancedCode[2], e.Message)
}
