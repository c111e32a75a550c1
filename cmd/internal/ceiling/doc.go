// Package ceiling measures what plain franz-go transactions reach on a broker, and when records become visible there:
// what the engine's own figures are to be read beside.
package ceiling
