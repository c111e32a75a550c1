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

// textWidth is how many characters a line of running text has at most.
const textWidth = 72

// wrap breaks a text into lines, between words.
func wrap(text string) string {
	var out strings.Builder
	width := 0
	for i, word := range strings.Fields(strings.ReplaceAll(text, noBreak, "\x00")) {
		word = strings.ReplaceAll(word, "\x00", noBreak)
		length := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case width+1+length > textWidth:
			out.WriteByte('\n')
			width = 0
		default:
			out.WriteByte(' ')
			width++
		}
		out.WriteString(word)
		width += length
	}
	return out.String()
}

// facts writes labels, and beside them in a column what they say.
func facts(all []fact) string {
	width := 0
	for _, f := range all {
		width = max(width, utf8.RuneCountInString(f.Label))
	}
	var out strings.Builder
	for _, f := range all {
		label := f.Label + ":"
		for _, line := range f.Lines {
			out.WriteString(label + strings.Repeat(" ", width+2-utf8.RuneCountInString(label)) + line + "\n")
			label = ""
		}
	}
	return out.String()
}

func underline(text string) string { return strings.Repeat("-", utf8.RuneCountInString(text)) }

// columns writes rows under their headings: the first column to the left, the numbers to the right.
func columns(head []string, rows [][]string) string {
	all := append([][]string{head}, rows...)
	widths := make([]int, len(head))
	for _, row := range all {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var out strings.Builder
	for _, row := range all {
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				out.WriteString(cell + pad)
			} else {
				out.WriteString("  " + pad + cell)
			}
		}
		out.WriteByte('\n')
	}
	return out.String()
}
