package topics

import (
	"fmt"
	"slices"
	"strings"
)

// Draw returns the topology as a Mermaid flowchart, made of the table and the groups alone: round boxes are groups,
// cylinders topics, dotted lines the state that only its group touches, and plain boxes the world outside.
func Draw() string {
	var picture strings.Builder
	picture.WriteString("flowchart LR\n")
	for _, stream := range drawn() {
		fmt.Fprintf(&picture, "    %s[(\"%s\")]\n", node(string(stream.Name)), label(string(stream.Name)))
	}
	for _, group := range Groups() {
		fmt.Fprintf(&picture, "    %s([\"%s\"])\n", node(group.ID()), group.Short)
	}
	for _, outside := range outsiders() {
		fmt.Fprintf(&picture, "    %s[\"%s\"]\n", node(outside), outside)
	}
	for _, stream := range drawn() {
		drawOutside(&picture, stream)
	}
	for _, group := range Groups() {
		drawGroup(&picture, group)
	}
	return picture.String()
}

// drawn returns the table with what each store's own topic is like, behind the topic that it is filled from.
func drawn() []Stream {
	all := Streams()
	from := slices.IndexFunc(all, func(s Stream) bool { return s.Name == DeviceCommands })
	return slices.Insert(all, from+1, StoreStream())
}

func drawOutside(picture *strings.Builder, stream Stream) {
	if stream.Source != "" {
		fmt.Fprintf(picture, "    %s --> %s\n", node(stream.Source), node(string(stream.Name)))
	}
	if stream.Audience != "" {
		fmt.Fprintf(picture, "    %s --> %s\n", node(string(stream.Name)), node(stream.Audience))
	}
}

func drawGroup(picture *strings.Builder, group Group) {
	self := node(group.ID())
	for _, input := range group.Inputs {
		fmt.Fprintf(picture, "    %s --> %s\n", node(string(input)), self)
	}
	for _, output := range group.outputs() {
		fmt.Fprintf(picture, "    %s --> %s\n", self, node(string(output)))
	}
	for _, own := range []Name{group.Loop, group.Table, Name(group.Store)} {
		if own != "" {
			fmt.Fprintf(picture, "    %s -.- %s\n", self, node(string(own)))
		}
	}
}

// outsiders returns who stands outside the engine, in the order in which the table names them.
func outsiders() []string {
	var names []string
	for _, stream := range drawn() {
		for _, name := range []string{stream.Source, stream.Audience} {
			if name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// node makes a Mermaid id of a name.
func node(name string) string {
	return strings.NewReplacer("-", "_", ",", "", " ", "_", ".", "_", "<", "", ">", "").Replace(name)
}

// outputs returns what is shown as a group's outputs: every store's topic as one.
func (g Group) outputs() []Name {
	if !g.PerStore {
		return g.Outputs
	}
	return append(slices.Clone(g.Outputs), StoreStream().Name)
}

// label makes a Mermaid label of a name: what looks like HTML would not be shown.
func label(name string) string { return strings.NewReplacer("<", "#lt;", ">", "#gt;").Replace(name) }

// DrawTopics returns the table of topics in Markdown: what is in each, whose it is, how long it stays, and why.
func DrawTopics() string {
	rows := [][]string{{"topic", "key", "record", "written by", "read by", "partitions", "kept", "why"}}
	for _, stream := range drawn() {
		rows = append(rows, []string{
			code(string(stream.Name)), stream.Key, stream.Record,
			either(stream.Source, drawnWriters(stream.Name)), either(stream.Audience, Readers(stream.Name)),
			stream.Partitions.String(), stream.Kept(), stream.Why,
		})
	}
	return markdown(rows)
}

// drawnWriters returns the short names of the groups that write a topic, or every store's.
func drawnWriters(name Name) []string {
	return groupsWhere(func(g Group) bool { return slices.Contains(append(g.outputs(), g.Writes()...), name) })
}

// DrawGroups returns the table of groups in Markdown.
func DrawGroups() string {
	rows := [][]string{{"group", "Kafka group id", "reads", "writes", "keeps", "is"}}
	for _, group := range Groups() {
		rows = append(rows, []string{
			code(group.Short), code(group.ID()), codes(group.Inputs), codes(group.outputs()),
			keeps(group), group.Does,
		})
	}
	return markdown(rows)
}

// keeps says where a group's state is.
func keeps(group Group) string {
	if group.Sink() {
		return group.Store
	}
	return codes(Group{Loop: group.Loop, Table: group.Table}.Reads())
}

// DrawSettings returns Kafka's settings of the topics in Markdown, one row for each value and the topics that have it.
func DrawSettings() string {
	type line struct{ setting, value, why string }
	var lines []line
	topics := map[line][]Name{}
	for _, stream := range drawn() {
		for _, setting := range stream.Settings(replicasForQuorum) {
			key := line{setting.Name, setting.demand(), setting.Why}
			if topics[key] == nil {
				lines = append(lines, key)
			}
			topics[key] = append(topics[key], stream.Name)
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return strings.Compare(a.setting, b.setting) })
	rows := [][]string{{"setting", "value", "topics", "why"}}
	for _, key := range lines {
		where := together(topics[key])
		if key.setting == minInsyncReplicas {
			where += fmt.Sprintf(", from %d replicas on", replicasForQuorum)
		}
		rows = append(rows, []string{code(key.setting), key.value, where, key.why})
	}
	return markdown(rows)
}

// demand says what value is wanted.
func (s Setting) demand() string {
	if s.AtLeast && s.Value != unlimited {
		return s.Value + " or more"
	}
	return s.Value
}

// together says in a word which topics these are, where there is one.
func together(names []Name) string {
	compacted := func(s Stream) bool { return s.Cleanup == Compact }
	switch {
	case slices.Equal(names, streamsWhere(func(Stream) bool { return true })):
		return "all"
	case slices.Equal(names, streamsWhere(compacted)):
		return "compacted topics"
	case slices.Equal(names, streamsWhere(func(s Stream) bool { return !compacted(s) })):
		return "all but compacted topics"
	}
	return codes(names)
}

func streamsWhere(holds func(Stream) bool) []Name {
	var names []Name
	for _, stream := range drawn() {
		if holds(stream) {
			names = append(names, stream.Name)
		}
	}
	return names
}

// either joins the outside party and the groups.
func either(outside string, groups []string) string {
	var parties []string
	for _, group := range groups {
		parties = append(parties, code(group))
	}
	if outside != "" {
		parties = append(parties, outside)
	}
	return strings.Join(parties, ", ")
}

func code(name string) string { return "`" + name + "`" }

func codes(names []Name) string {
	var quoted []string
	for _, name := range names {
		quoted = append(quoted, code(string(name)))
	}
	return strings.Join(quoted, ", ")
}

// markdown writes rows as a table; the first row is its head.
func markdown(rows [][]string) string {
	var table strings.Builder
	for i, row := range rows {
		fmt.Fprintf(&table, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			fmt.Fprintf(&table, "|%s\n", strings.Repeat(" --- |", len(row)))
		}
	}
	return table.String()
}
