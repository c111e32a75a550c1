package config

import (
	"regexp"
	"strings"
)

// negative is what looks like a value below zero: -1, -1h, -.5.
var negative = regexp.MustCompile(`^-\.?[0-9]`)

// JoinNegative puts values below zero to the switches before them, --limit -1 to --limit=-1: by itself such a value is taken for
// a switch, and a hint is given how to write it, where it is to be said that it cannot be meant.
func JoinNegative(args []string) (joined []string) {
	for i, arg := range args {
		last := len(joined) - 1
		if last < 0 || !negative.MatchString(arg) || !strings.HasPrefix(args[i-1], "--") || len(args[i-1]) == len("--") ||
			strings.Contains(args[i-1], "=") {
			joined = append(joined, arg)
			continue
		}
		joined[last] += "=" + arg
	}
	return joined
}
