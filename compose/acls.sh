#!/bin/sh
# The least rights of each role, as "campaignd topics acls" prints them. Whoever runs it may alter the cluster's ACLs:
#   BOOTSTRAP=k1:9092 COMMAND_CONFIG=admin.properties sh acls.sh
# Several processors in one process need the rights of each, on one principal.
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
add --allow-principal 'User:budgets' --operation Write --topic budget-released --topic campaign-statements --topic dead-letters --topic campaign-engine-budgets-loop --topic campaign-engine-budgets-table
add --allow-principal 'User:budgets' --operation Delete --topic campaign-engine-budgets-loop
add --allow-principal 'User:budgets' --operation DescribeConfigs --topic transitions-applied --topic plays --topic budget-released --topic campaign-statements --topic dead-letters --topic campaign-engine-budgets-table --topic campaign-engine-budgets-loop

# projections: campaignd run --processors projections
add --allow-principal 'User:projections' --operation Read --group campaign-engine-projections
add --allow-principal 'User:projections' --operation Read --topic transitions-applied --topic budget-released --topic campaign-statements
add --allow-principal 'User:projections' --operation DescribeConfigs --topic transitions-applied --topic budget-released --topic campaign-statements

# admin: campaignd topics plan, campaignd topics apply
add --allow-principal 'User:admin' --operation Create --topic campaign-events --topic transitions-due --topic transitions-applied --topic transitions-rejected --topic plays --topic budget-released --topic campaign-statements --topic dead-letters --topic campaign-engine-timers-table --topic campaign-engine-timers-loop --topic campaign-engine-lifecycle-table --topic campaign-engine-budgets-table --topic campaign-engine-budgets-loop
add --allow-principal 'User:admin' --operation Describe --topic campaign-events --topic transitions-due --topic transitions-applied --topic transitions-rejected --topic plays --topic budget-released --topic campaign-statements --topic dead-letters --topic campaign-engine-timers-table --topic campaign-engine-timers-loop --topic campaign-engine-lifecycle-table --topic campaign-engine-budgets-table --topic campaign-engine-budgets-loop
add --allow-principal 'User:admin' --operation AlterConfigs --topic campaign-events --topic transitions-due --topic transitions-applied --topic transitions-rejected --topic plays --topic budget-released --topic campaign-statements --topic dead-letters --topic campaign-engine-timers-table --topic campaign-engine-timers-loop --topic campaign-engine-lifecycle-table --topic campaign-engine-budgets-table --topic campaign-engine-budgets-loop

# campaign-service: publishes campaigns, and reads what was rejected
add --allow-principal 'User:campaign-service' --operation Write --topic campaign-events
add --allow-principal 'User:campaign-service' --operation Read --topic transitions-rejected

# device-gateway: reports what devices have shown
add --allow-principal 'User:device-gateway' --operation Write --topic plays

# billing: reads what was charged, and what goes back
add --allow-principal 'User:billing' --operation Read --topic budget-released --topic campaign-statements

# operator: campaignctl, publish included
add --allow-principal 'User:operator' --operation Write --topic campaign-events
add --allow-principal 'User:operator' --operation Read --topic campaign-events --topic transitions-due --topic transitions-applied --topic transitions-rejected --topic plays --topic budget-released --topic campaign-statements --topic dead-letters --topic campaign-engine-timers-table --topic campaign-engine-lifecycle-table --topic campaign-engine-budgets-table

# analyst: campaignctl without publish
add --allow-principal 'User:analyst' --operation Read --topic campaign-events --topic transitions-due --topic transitions-applied --topic transitions-rejected --topic plays --topic budget-released --topic campaign-statements --topic dead-letters --topic campaign-engine-timers-table --topic campaign-engine-lifecycle-table --topic campaign-engine-budgets-table
