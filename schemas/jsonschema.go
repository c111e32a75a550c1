package schemas

import (
	"embed"
	"slices"
)

//go:embed json
var jsonSchemas embed.FS

//go:embed asyncapi.yaml
var asyncAPI string

// JSONSchema returns the JSON Schema (2020-12) of a whole event in structured mode, envelope and data, or nil for a
// type that is not one of Types. Each stands by itself. Members that it does not name are allowed everywhere.
//
// A schema states the shape. Beyond it are the sizes and the nesting of a record, names that come twice, the record's
// key, days that a month does not have in *_local, instants of plays and devices that leave the years 0000 to 9999 in UTC, zones,
// windows and money.
func JSONSchema(kind Type) []byte {
	if !slices.Contains(Types(), kind) {
		return nil
	}
	schema, err := jsonSchemas.ReadFile("json/" + string(kind) + ".schema.json")
	if err != nil {
		return nil
	}
	return schema
}

// AsyncAPI returns the AsyncAPI 3.0 document of the public topics. Its references are relative to this folder.
func AsyncAPI() string { return asyncAPI }
