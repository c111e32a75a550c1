// Package schemas holds what goes over the wire: the structs of every public event, a JSON Schema for each, the
// AsyncAPI document, and frozen examples. It imports the standard library only, so that every other room may import it.
package schemas
