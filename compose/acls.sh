#!/bin/sh
# The least rights of each role, as "campaignd topics acls" prints them. Whoever runs it may alter the cluster's ACLs:
#   BOOTSTRAP=k1:9092 COMMAND_CONFIG=admin.properties sh acls.sh
# Several processors in one process need the rights of each, on one principal. Each store's devices are a principal of their own:
# STORES="s-1 s-2" names the stores that get theirs.
set -eu
add() {
    "${KAFKA_ACLS:-kafka-acls.sh}" --bootstrap-server "$BOOTSTRAP" \
        ${COMMAND_CONFIG:+--command-config "$COMMAND_CONFIG"} --add "$@"
}

# timers: campaignd run --processors timers
add --allow-principal 'User:timers' --operation Read --group campaign-engine-timers
add --allow-principal 'User:timers' --operation Write --transactional-id campaign-engine-timers- --resource-pattern-type prefixed
add --allow-principal 'User:timers' --operation Read --topic campaign-events --topic campaign-engine-timers-loop --topic campaign-engine-timers-table
add --allow-principal 'User:timers' --operation Write --topic transitions-due --topic dead-letters --topic campaign-engine-timers-loop --topic campaign-engine-timers-table
add --allow-principal 'User:timers' --operation Delete --topic campaign-engine-timers-loop
add --allow-principal 'User:timers' --operation DescribeConfigs --topic campaign-events --topic transitions-due --topic dead-letters --topic campaign-engine-timers-table --topic campaign-engine-timers-loop

# lifecycle: campaignd run --processors lifecycle
add --allow-principal 'User:lifecycle' --operation Read --group campaign-engine-lifecycle
add --allow-principal 'User:lifecycle' --operation Write --transactional-id campaign-engine-lifecycle- --resource-pattern-type prefixed
add --allow-principal 'User:lifecycle' --operation Read --topic transitions-due --topic campaign-engine-lifecycle-table
add --allow-principal 'User:lifecycle' --operation Write --topic transitions-applied --topic transitions-rejected --topic dead-letters --topic campaign-engine-lifecycle-table
add --allow-principal 'User:lifecycle' --operation DescribeConfigs --topic transitions-due --topic transitions-applied --topic transitions-rejected --topic dead-letters --topic campaign-engine-lifecycle-table

# budgets: campaignd run --processors budgets
add --allow-principal 'User:budgets' --operation Read --group campaign-engine-budgets
add --allow-principal 'User:budgets' --operation Write --transactional-id campaign-engine-budgets- --resource-pattern-type prefixed
add --allow-principal 'User:budgets' --operation Read --topic transitions-applied --topic plays --topic campaign-engine-budgets-loop --topic campaign-engine-budgets-table
add --allow-principal 'User:budgets' --operation Write --topic budget-released --topic campaign-statements --topic provisional-statements --topic dead-letters --topic campaign-engine-budgets-loop --topic campaign-engine-budgets-table
add --allow-principal 'User:budgets' --operation Delete --topic campaign-engine-budgets-loop
add --allow-principal 'User:budgets' --operation DescribeConfigs --topic transitions-applied --topic plays --topic budget-released --topic campaign-statements --topic dead-letters --topic provisional-statements --topic campaign-engine-budgets-table --topic campaign-engine-budgets-loop

# placements: campaignd run --processors placements
add --allow-principal 'User:placements' --operation Read --group campaign-engine-placements
add --allow-principal 'User:placements' --operation Write --transactional-id campaign-engine-placements- --resource-pattern-type prefixed
add --allow-principal 'User:placements' --operation Read --topic transitions-applied --topic campaign-engine-placements-loop --topic campaign-engine-placements-table
add --allow-principal 'User:placements' --operation Write --topic store-placements --topic campaign-engine-placements-loop --topic campaign-engine-placements-table
add --allow-principal 'User:placements' --operation Delete --topic campaign-engine-placements-loop
add --allow-principal 'User:placements' --operation DescribeConfigs --topic transitions-applied --topic store-placements --topic campaign-engine-placements-table --topic campaign-engine-placements-loop

# devices: campaignd run --processors devices
add --allow-principal 'User:devices' --operation Read --group campaign-engine-devices
add --allow-principal 'User:devices' --operation Write --transactional-id campaign-engine-devices- --resource-pattern-type prefixed
add --allow-principal 'User:devices' --operation Read --topic device-events --topic campaign-engine-devices-loop --topic campaign-engine-devices-table
add --allow-principal 'User:devices' --operation Write --topic store-devices --topic dead-letters --topic campaign-engine-devices-loop --topic campaign-engine-devices-table
add --allow-principal 'User:devices' --operation Delete --topic campaign-engine-devices-loop
add --allow-principal 'User:devices' --operation DescribeConfigs --topic device-events --topic dead-letters --topic store-devices --topic campaign-engine-devices-table --topic campaign-engine-devices-loop

# stores: campaignd run --processors stores
add --allow-principal 'User:stores' --operation Read --group campaign-engine-stores
add --allow-principal 'User:stores' --operation Write --transactional-id campaign-engine-stores- --resource-pattern-type prefixed
add --allow-principal 'User:stores' --operation Read --topic store-placements --topic store-devices --topic device-acks --topic campaign-engine-stores-loop --topic campaign-engine-stores-table
add --allow-principal 'User:stores' --operation Write --topic device-commands --topic readiness-changes --topic dead-letters --topic campaign-engine-stores-loop --topic campaign-engine-stores-table
add --allow-principal 'User:stores' --operation Delete --topic campaign-engine-stores-loop
add --allow-principal 'User:stores' --operation DescribeConfigs --topic device-acks --topic device-commands --topic dead-letters --topic store-placements --topic store-devices --topic readiness-changes --topic campaign-engine-stores-table --topic campaign-engine-stores-loop

# router: campaignd run --processors router
add --allow-principal 'User:router' --operation Read --group campaign-engine-router
add --allow-principal 'User:router' --operation Write --transactional-id campaign-engine-router- --resource-pattern-type prefixed
add --allow-principal 'User:router' --operation Read --topic device-commands
add --allow-principal 'User:router' --operation Write --topic device-commands. --resource-pattern-type prefixed
add --allow-principal 'User:router' --operation Create --topic device-commands. --resource-pattern-type prefixed
add --allow-principal 'User:router' --operation DescribeConfigs --topic device-commands

# readiness: campaignd run --processors readiness
add --allow-principal 'User:readiness' --operation Read --group campaign-engine-readiness
add --allow-principal 'User:readiness' --operation Write --transactional-id campaign-engine-readiness- --resource-pattern-type prefixed
add --allow-principal 'User:readiness' --operation Read --topic transitions-applied --topic readiness-changes --topic campaign-engine-readiness-table
add --allow-principal 'User:readiness' --operation Write --topic campaign-readiness --topic campaign-engine-readiness-table
add --allow-principal 'User:readiness' --operation DescribeConfigs --topic transitions-applied --topic campaign-readiness --topic readiness-changes --topic campaign-engine-readiness-table

# projections: campaignd run --processors projections
add --allow-principal 'User:projections' --operation Read --group campaign-engine-projections
add --allow-principal 'User:projections' --operation Read --topic transitions-applied --topic budget-released --topic campaign-statements
add --allow-principal 'User:projections' --operation DescribeConfigs --topic transitions-applied --topic budget-released --topic campaign-statements

# mailer: campaignd run --processors mailer
add --allow-principal 'User:mailer' --operation Read --group campaign-engine-mailer
add --allow-principal 'User:mailer' --operation Read --topic campaign-events --topic transitions-applied --topic campaign-statements --topic provisional-statements --topic campaign-readiness
add --allow-principal 'User:mailer' --operation DescribeConfigs --topic campaign-events --topic transitions-applied --topic campaign-statements --topic campaign-readiness --topic provisional-statements

# admin: campaignd topics plan, campaignd topics apply
add --allow-principal 'User:admin' --operation Create --topic campaign-events --topic transitions-due --topic transitions-applied --topic transitions-rejected --topic plays --topic budget-released --topic campaign-statements --topic device-events --topic device-acks --topic device-commands --topic campaign-readiness --topic dead-letters --topic store-placements --topic store-devices --topic readiness-changes --topic provisional-statements --topic campaign-engine-timers-table --topic campaign-engine-timers-loop --topic campaign-engine-lifecycle-table --topic campaign-engine-budgets-table --topic campaign-engine-budgets-loop --topic campaign-engine-placements-table --topic campaign-engine-placements-loop --topic campaign-engine-devices-table --topic campaign-engine-devices-loop --topic campaign-engine-stores-table --topic campaign-engine-stores-loop --topic campaign-engine-readiness-table
add --allow-principal 'User:admin' --operation Describe --topic campaign-events --topic transitions-due --topic transitions-applied --topic transitions-rejected --topic plays --topic budget-released --topic campaign-statements --topic device-events --topic device-acks --topic device-commands --topic campaign-readiness --topic dead-letters --topic store-placements --topic store-devices --topic readiness-changes --topic provisional-statements --topic campaign-engine-timers-table --topic campaign-engine-timers-loop --topic campaign-engine-lifecycle-table --topic campaign-engine-budgets-table --topic campaign-engine-budgets-loop --topic campaign-engine-placements-table --topic campaign-engine-placements-loop --topic campaign-engine-devices-table --topic campaign-engine-devices-loop --topic campaign-engine-stores-table --topic campaign-engine-stores-loop --topic campaign-engine-readiness-table
add --allow-principal 'User:admin' --operation AlterConfigs --topic campaign-events --topic transitions-due --topic transitions-applied --topic transitions-rejected --topic plays --topic budget-released --topic campaign-statements --topic device-events --topic device-acks --topic device-commands --topic campaign-readiness --topic dead-letters --topic store-placements --topic store-devices --topic readiness-changes --topic provisional-statements --topic campaign-engine-timers-table --topic campaign-engine-timers-loop --topic campaign-engine-lifecycle-table --topic campaign-engine-budgets-table --topic campaign-engine-budgets-loop --topic campaign-engine-placements-table --topic campaign-engine-placements-loop --topic campaign-engine-devices-table --topic campaign-engine-devices-loop --topic campaign-engine-stores-table --topic campaign-engine-stores-loop --topic campaign-engine-readiness-table

# campaign-service: publishes campaigns, and reads what was rejected and how ready they are
add --allow-principal 'User:campaign-service' --operation Write --topic campaign-events
add --allow-principal 'User:campaign-service' --operation Read --topic transitions-rejected --topic campaign-readiness

# device-registry: says which devices there are
add --allow-principal 'User:device-registry' --operation Write --topic device-events

# device-gateway: reports what devices have shown
add --allow-principal 'User:device-gateway' --operation Write --topic plays

# store-<store_id>: the devices of one store: reads what they are to play, says how far they are and what they have shown
for store in ${STORES:-}; do
    add --allow-principal 'User:store-'"$store"'' --operation Read --topic device-commands."$store"
    add --allow-principal 'User:store-'"$store"'' --operation Write --topic device-acks --topic plays
done

# billing: reads what was charged, and what goes back
add --allow-principal 'User:billing' --operation Read --topic budget-released --topic campaign-statements

# operator: campaignctl, publish included
add --allow-principal 'User:operator' --operation Write --topic campaign-events
add --allow-principal 'User:operator' --operation Read --topic campaign-events --topic transitions-due --topic transitions-applied --topic transitions-rejected --topic plays --topic budget-released --topic campaign-statements --topic device-events --topic device-acks --topic device-commands --topic campaign-readiness --topic dead-letters --topic store-placements --topic store-devices --topic readiness-changes --topic provisional-statements --topic campaign-engine-timers-table --topic campaign-engine-lifecycle-table --topic campaign-engine-budgets-table --topic campaign-engine-placements-table --topic campaign-engine-devices-table --topic campaign-engine-stores-table --topic campaign-engine-readiness-table
add --allow-principal 'User:operator' --operation Read --topic device-commands. --resource-pattern-type prefixed

# analyst: campaignctl without publish
add --allow-principal 'User:analyst' --operation Read --topic campaign-events --topic transitions-due --topic transitions-applied --topic transitions-rejected --topic plays --topic budget-released --topic campaign-statements --topic device-events --topic device-acks --topic device-commands --topic campaign-readiness --topic dead-letters --topic store-placements --topic store-devices --topic readiness-changes --topic provisional-statements --topic campaign-engine-timers-table --topic campaign-engine-lifecycle-table --topic campaign-engine-budgets-table --topic campaign-engine-placements-table --topic campaign-engine-devices-table --topic campaign-engine-stores-table --topic campaign-engine-readiness-table
add --allow-principal 'User:analyst' --operation Read --topic device-commands. --resource-pattern-type prefixed
