package topics

import (
	"fmt"
	"slices"
	"strings"
)

// PrincipalPattern is what principals are called where nothing else is said, and PrincipalRole what stands in a pattern for
// the role's name.
const (
	PrincipalPattern = "User:" + PrincipalRole
	PrincipalRole    = "ROLE"
)

// DrawRights returns the rights of all roles as a shell script of kafka-acls.sh, in an order that never changes. The pattern
// says what a role's principal is called: "User:CN=ROLE,O=Example". Each command may be given again.
func DrawRights(pattern string) string {
	var script strings.Builder
	script.WriteString(`#!/bin/sh
# The least rights of each role, as "campaignd topics acls" prints them. Whoever runs it may alter the cluster's ACLs:
#   BOOTSTRAP=k1:9092 COMMAND_CONFIG=admin.properties sh acls.sh
# Several processors in one process need the rights of each, on one principal. Each store's devices are a principal of their own:
# STORES="s-1 s-2" names the stores that get theirs.
set -eu
add() {
    "${KAFKA_ACLS:-kafka-acls.sh}" --bootstrap-server "$BOOTSTRAP" \
        ${COMMAND_CONFIG:+--command-config "$COMMAND_CONFIG"} --add "$@"
}
`)
	for _, role := range Roles() {
		fmt.Fprintf(&script, "\n# %s: %s\n", role.Name, role.Does)
		var adds strings.Builder
		for _, together := range commands(role.Rights) {
			fmt.Fprintf(&adds, "add --allow-principal %s%s\n", quoted(strings.ReplaceAll(pattern, PrincipalRole, role.Name)), together)
		}
		script.WriteString(forEachStore(adds.String()))
	}
	return script.String()
}

// forEachStore makes a loop over the stores of commands that are about one of them; others stay as they are.
func forEachStore(adds string) string {
	if !strings.Contains(adds, StoreIDPlace) {
		return adds
	}
	var loop strings.Builder
	loop.WriteString("for store in ${STORES:-}; do\n")
	for add := range strings.Lines(strings.ReplaceAll(adds, StoreIDPlace, "$store")) {
		loop.WriteString("    " + add)
	}
	loop.WriteString("done\n")
	return loop.String()
}

// quoted makes one word of a text for a shell; what stands for a store's id can be replaced by a variable in it.
func quoted(text string) string {
	word := "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	return strings.ReplaceAll(word, StoreIDPlace, `'"`+StoreIDPlace+`"'`)
}

// commands returns the switches of kafka-acls.sh, rights of one operation and kind of resource together.
func commands(rights []Right) []string {
	type kind struct {
		operation Operation
		resource  Resource
		prefixed  bool
	}
	var order []kind
	names := map[kind]string{}
	for _, right := range rights {
		key := kind{right.Operation, right.Resource, right.Prefixed}
		if !slices.Contains(order, key) {
			order = append(order, key)
		}
		names[key] += fmt.Sprintf(" --%s %s", right.Resource, strings.ReplaceAll(right.Name, StoreIDPlace, `"`+StoreIDPlace+`"`))
	}
	var lines []string
	for _, key := range order {
		line := fmt.Sprintf(" --operation %s%s", key.operation, names[key])
		if key.prefixed {
			line += " --resource-pattern-type prefixed"
		}
		lines = append(lines, line)
	}
	return lines
}

// DrawRoles returns the table of roles and rights in Markdown.
func DrawRoles() string {
	rows := [][]string{{"principal", "is", "may", "on"}}
	for _, role := range Roles() {
		type line struct {
			operation Operation
			resource  Resource
		}
		var order []line
		names := map[line][]string{}
		for _, right := range role.Rights {
			key := line{right.Operation, right.Resource}
			if names[key] == nil {
				order = append(order, key)
			}
			name := code(right.Name)
			if right.Prefixed {
				name = code(right.Name + "…")
			}
			names[key] = append(names[key], name)
		}
		for i, key := range order {
			name, does := code(role.Name), role.Does
			if i > 0 {
				name, does = "", ""
			}
			rows = append(rows, []string{name, does, string(key.operation),
				strings.ReplaceAll(string(key.resource), "-", " ") + " " + strings.Join(names[key], ", ")})
		}
	}
	return markdown(rows)
}
