package config

import "regexp"

// plainer are the parser's words for a value that it cannot take, and what a person is told instead.
var plainer = []struct {
	theirs *regexp.Regexp
	ours   string
}{
	{regexp.MustCompile(`expected \S+ value but got "EOL" \(<EOL>\)`), "wants a value behind it"},
	{regexp.MustCompile(`expected a valid \d+ bit int but got (".*?")`), "must be a whole number, and is $1"},
	{regexp.MustCompile(`expected an int but got (".*?") \(\w+\)`), "must be a whole number, and is $1"},
	{
		regexp.MustCompile(`expected a valid \d+ bit uint but got (".*?")`),
		"must be a whole number that is not below zero, and is $1",
	},
	{regexp.MustCompile(`expected a float but got (".*?") \(\w+\)`), "must be a number, and is $1"},
	{
		regexp.MustCompile(`expected duration but got ("[^"]*")(: time: [a-z ]+("[^"]*" in duration )?"[^"]*")?`),
		"must be a duration with its unit, for example 90s, 10m or 24h, and is $1",
	},
	{regexp.MustCompile(`\(from envar (\w+)=`), "(from the environment, $1="},
}

// Plainly returns what is wrong with the command line, in words that need no knowledge of the parser.
func Plainly(err error) string {
	text := err.Error()
	for _, p := range plainer {
		text = p.theirs.ReplaceAllString(text, p.ours)
	}
	return text
}
