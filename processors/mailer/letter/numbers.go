package letter

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rmn-arms/campaign-engine/state/instant"
	state "github.com/rmn-arms/campaign-engine/state/mail"
)

// number writes a plain decimal of any length as the language does; nothing is rounded. What is none stays as it is.
func (l *language) number(text string) string {
	whole, part, broken := strings.Cut(text, ".")
	if !isDigits(whole) || broken && !isDigits(part) {
		return clean(text, nameMaxChars)
	}
	var grouped strings.Builder
	for i, digit := range []byte(whole) {
		if i > 0 && (len(whole)-i)%3 == 0 {
			grouped.WriteString(l.group)
		}
		grouped.WriteByte(digit)
	}
	if broken {
		grouped.WriteString(l.decimal + part)
	}
	return grouped.String()
}

func isDigits(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }

func (l *language) count(n int64) string { return l.number(strconv.FormatInt(n, 10)) }

// money writes an amount, which has the decimals of its currency already, with the currency's code: a sign such as $ is
// that of many.
func (l *language) money(amount, currency string) string {
	return l.number(amount) + noBreak + clean(currency, nameMaxChars)
}

// noBreak is a space at which no line ends.
const noBreak = "\u00a0"

// shareMax is up to what count a share is reckoned: its thousandfold fits into 64 bits.
const shareMax = 1 << 53

// ready writes how many devices are ready, of all, and as a share that is cut to a tenth of a percent: 100 % are all.
func (l *language) ready(at *state.AtStart) string {
	text := l.count(at.Ready) + " / " + l.count(at.Total)
	if at.Ready < 0 || at.Total < max(at.Ready, 1) || at.Total > shareMax {
		return text
	}
	const tenths = 10
	share := at.Ready * 100 * tenths / at.Total
	return text + " (" + l.number(fmt.Sprintf("%d.%d", share/tenths, share%tenths)) + l.percent + ")"
}

// lasting writes a length of time in its two largest units, cut to seconds.
func (l *language) lasting(d instant.Millis) string {
	seconds := max(int64(d)/1000, 0)
	parts := [...]int64{seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60}
	var words []string
	for i, n := range parts {
		if n == 0 || len(words) == 2 {
			continue
		}
		form := l.units[i][1]
		if n == 1 {
			form = l.units[i][0]
		}
		words = append(words, l.count(n)+noBreak+form)
	}
	if len(words) == 0 {
		return "0" + noBreak + l.units[len(parts)-1][1]
	}
	return strings.Join(words, " ")
}
