package topics

import "slices"

// Role is who does something with the topics, and the least that it must be allowed for that. Each may be a principal of its
// own.
type Role struct {
	// Name is also what the role's principal is called.
	Name string
	// Does says in a phrase what the role is for.
	Does   string
	Rights []Right
}

// Roles returns all roles: the groups in the order of the flow, then who stands outside. One is a template: see storeRole.
func Roles() []Role {
	var roles []Role
	for _, group := range Groups() {
		roles = append(roles, Role{Name: group.Short, Does: "campaignd run --processors " + group.Short, Rights: RightsOf(group)})
	}
	return append(roles,
		Role{Name: "admin", Does: "campaignd topics plan, campaignd topics apply", Rights: adminRights()},
		Role{Name: "campaign-service", Does: "publishes campaigns, and reads what was rejected and how ready they are",
			Rights: slices.Concat(publishRights(CampaignEvents), audienceRights(TransitionsRejected, CampaignReadiness))},
		Role{Name: "device-registry", Does: "says which devices there are", Rights: publishRights(DeviceEvents)},
		Role{Name: "device-gateway", Does: "reports what devices have shown", Rights: publishRights(Plays)},
		storeRole(),
		Role{Name: "billing", Does: "reads what was charged, and what goes back",
			Rights: audienceRights(BudgetReleased, CampaignStatements)},
		Role{Name: "operator", Does: "campaignctl, publish included",
			Rights: slices.Concat(publishRights(CampaignEvents), analystRights())},
		Role{Name: "analyst", Does: "campaignctl without publish", Rights: analystRights()},
	)
}

// RoleNamed returns the role of that name.
func RoleNamed(name string) (Role, bool) {
	for _, role := range Roles() {
		if role.Name == name {
			return role, true
		}
	}
	return Role{}, false
}

// RightsOf returns what a process that runs the group must be allowed, and nothing else. Who runs several groups needs the
// rights of each.
func RightsOf(group Group) []Right {
	rights := []Right{
		{Operation: Read, Resource: OnGroup, Name: group.ID(), Why: "to take part in the group and to commit positions"},
	}
	if !group.Sink() {
		rights = append(rights, Right{Operation: Write, Resource: OnTransactionalID, Name: group.ID() + "-", Prefixed: true,
			Why: "for its own transactions, and to end those that a dead process of the group left open"})
	}
	for _, name := range group.Reads() {
		rights = append(rights, onTopic(Read, name, why(group, name, "its input", "what is carried to it", "its rows, after a claim")))
	}
	for _, name := range group.Writes() {
		rights = append(rights, onTopic(Write, name, why(group, name, "its output", "what it carries", "its rows")))
	}
	if group.PerStore {
		rights = append(rights, onStoreTopics(Write, "its output"),
			onStoreTopics(Create, "to create a store's topic with its first command"))
	}
	if group.Loop != "" {
		rights = append(rights, onTopic(DeleteRecords, group.Loop, "to delete what has been read"))
	}
	for _, stream := range StreamsOf(group) {
		rights = append(rights, onTopic(DescribeConfigs, stream.Name, "to refuse settings with which records would be lost"))
	}
	return rights
}

func onTopic(operation Operation, name Name, why string) Right {
	return Right{Operation: operation, Resource: OnTopic, Name: string(name), Why: why}
}

// onStoreTopics is a right on every store's own topic.
func onStoreTopics(operation Operation, why string) Right {
	return Right{Operation: operation, Resource: OnTopic, Name: storeTopicPrefix, Prefixed: true, Why: why}
}

// storeRole is a template: StoreIDPlace stands in it for the id of one store, whose devices are one principal. It reads its own
// topic from the beginning, so it needs no group.
func storeRole() Role {
	return Role{
		Name:   "store-" + StoreIDPlace,
		Does:   "the devices of one store: reads what they are to play, says how far they are and what they have shown",
		Rights: slices.Concat(audienceRights(StoreStream().Name), publishRights(DeviceAcks), publishRights(Plays)),
	}
}

// why returns what a group uses a topic for.
func why(group Group, name Name, other, loop, table string) string {
	switch name {
	case group.Loop:
		return loop
	case group.Table:
		return table
	}
	return other
}

func adminRights() []Right {
	var rights []Right
	for _, stream := range Streams() {
		rights = append(rights, onTopic(Create, stream.Name, "to create it"),
			onTopic(Describe, stream.Name, "to see whether it is there"),
			onTopic(AlterConfigs, stream.Name, "to see its settings and set them right"))
	}
	return rights
}

// publishRights are those of who writes to a topic from outside.
func publishRights(name Name) []Right { return []Right{onTopic(Write, name, "to publish")} }

// audienceRights are those of whom topics are meant for.
func audienceRights(names ...Name) []Right {
	var rights []Right
	for _, name := range names {
		rights = append(rights, onTopic(Read, name, "to read what is meant for it"))
	}
	return rights
}

// analystRights are those of who reads whatever campaignctl shows: all but what is on its way between partitions.
func analystRights() []Right {
	var rights []Right
	loops := map[Name]bool{}
	for _, group := range Groups() {
		loops[group.Loop] = true
	}
	for _, stream := range Streams() {
		if !loops[stream.Name] {
			rights = append(rights, onTopic(Read, stream.Name, "to show it"))
		}
	}
	return append(rights, onStoreTopics(Read, "to show it"))
}
