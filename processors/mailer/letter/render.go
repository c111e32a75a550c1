package letter

import (
	_ "embed" // the templates
	htmltemplate "html/template"
	"strings"
	texttemplate "text/template"
	"unicode/utf8"
)

//go:embed letter.txt.tmpl
var textSource string

//go:embed letter.html.tmpl
var htmlSource string

var (
	asText = texttemplate.Must(texttemplate.New("text").Funcs(texttemplate.FuncMap{
		"wrap": wrap, "facts": facts, "columns": columns, "underline": underline,
	}).Parse(textSource))
	asHTML = htmltemplate.Must(htmltemplate.New("html").Parse(htmlSource))
)

// render writes the page as text and as HTML.
func (p *page) render() (text, html string, err error) {
	var asTextOut, asHTMLOut strings.Builder
	if err := asText.Execute(&asTextOut, p); err != nil {
		return "", "", err
	}
	if err := asHTML.Execute(&asHTMLOut, p); err != nil {
		return "", "", err
	}
	return asTextOut.String(), asHTMLOut.String(), nil
}

// How many characters a line of text has at most, and how many of them what stands in a column of texts at least.
const (
	textWidth   = 72
	columnLeast = 20
)

// wrap breaks a text into lines, between words.
func wrap(text string) string { return strings.Join(wrapped(text, textWidth), "\n") }

// wrapped returns the lines of a text, broken between words. A word that is longer than a line has one of its own.
func wrapped(text string, width int) (lines []string) {
	line, length := "", 0
	for word := range strings.SplitSeq(strings.ReplaceAll(text, "\n", " "), " ") {
		size := utf8.RuneCountInString(word)
		switch {
		case word == "":
		case line == "":
			line, length = word, size
		case length+1+size > width:
			lines = append(lines, line)
			line, length = word, size
		default:
			line += " " + word
			length += 1 + size
		}
	}
	return append(lines, line)
}

// facts writes labels, and beside them in a column what they say.
func facts(all []fact) string {
	width := 0
	for _, f := range all {
		width = max(width, utf8.RuneCountInString(f.Label))
	}
	width += len(": ")
	var out strings.Builder
	for _, f := range all {
		label := f.Label + ":"
		for _, text := range f.Lines {
			for _, line := range wrapped(text, max(textWidth-width, columnLeast)) {
				out.WriteString(label + strings.Repeat(" ", width-utf8.RuneCountInString(label)) + line + "\n")
				label = ""
			}
		}
	}
	return out.String()
}

func underline(text string) string { return strings.Repeat("-", utf8.RuneCountInString(text)) }

// columns writes rows under their headings: the first column to the left, the numbers to the right. A text that is too long
// for its column goes on in the next line.
func columns(head []string, rows [][]string) string {
	const between = "  "
	all := append([][]string{head}, rows...)
	widths := make([]int, len(head))
	numbers := 0
	for i := range head {
		for _, row := range all {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
		if i > 0 {
			numbers += len(between) + widths[i]
		}
	}
	widths[0] = min(widths[0], max(textWidth-numbers, columnLeast))
	var out strings.Builder
	for _, row := range all {
		lines := broken(row[0], widths[0])
		out.WriteString(padded(lines[0], widths[0]))
		for i, cell := range row[1:] {
			out.WriteString(between + strings.Repeat(" ", widths[i+1]-utf8.RuneCountInString(cell)) + cell)
		}
		out.WriteByte('\n')
		for _, line := range lines[1:] {
			out.WriteString(line + "\n")
		}
	}
	return out.String()
}

func padded(text string, width int) string {
	return text + strings.Repeat(" ", width-utf8.RuneCountInString(text))
}

// broken returns the lines of a text, broken between words, and within those that are longer than a line.
func broken(text string, width int) (lines []string) {
	for _, line := range wrapped(text, width) {
		rest := []rune(line)
		for len(rest) > width {
			end := width
			for end > 1 && isWithin(rest, end) {
				end--
			}
			lines = append(lines, string(rest[:end]))
			rest = rest[end:]
		}
		lines = append(lines, string(rest))
	}
	return lines
}
