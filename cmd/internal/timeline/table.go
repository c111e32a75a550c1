package timeline

import (
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Style is how a cell looks on a terminal.
type Style string

// The styles: SGR parameters of ECMA-48.
const (
	Plain   Style = ""
	Strong  Style = "1"
	Faint   Style = "2"
	Bad     Style = "31"
	Good    Style = "32"
	Caution Style = "33"
)

// Cell is a piece of a line.
type Cell struct {
	Text  string
	Style Style
}

// Table is lines of cells that are to stand in columns.
type Table struct {
	rows [][]Cell
}

// Row adds a line.
func (t *Table) Row(cells ...Cell) { t.rows = append(t.rows, cells) }

// Write aligns the columns, two spaces between them. The last cell of a line is not padded. A cell is padded before it
// is coloured, so that the colours take no room.
func (t *Table) Write(to io.Writer, colour bool) error {
	var widths []int
	for _, row := range t.rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			if i < len(row)-1 {
				widths[i] = max(widths[i], utf8.RuneCountInString(c.Text))
			}
		}
	}
	var out strings.Builder
	for _, row := range t.rows {
		var line strings.Builder
		for i, c := range row {
			line.WriteString(Paint(c.Text, c.Style, colour))
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c.Text)+2))
			}
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	_, err := io.WriteString(to, out.String())
	return err
}

// Paint returns the text in a style, if there is to be colour.
func Paint(text string, style Style, colour bool) string {
	if !colour || style == Plain || text == "" {
		return text
	}
	return "\x1b[" + string(style) + "m" + text + "\x1b[0m"
}

// Printable replaces what is not to reach a terminal out of somebody else's text: control characters can move the
// cursor and change what was written before.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return utf8.RuneError
	}, text)
}
