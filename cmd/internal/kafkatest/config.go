package kafkatest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// node is one broker as its configuration knows it. All of it listens on 127.0.0.1.
type node struct {
	id              int // 1, 2, 3, ...
	dir             string
	clientPort      int
	replicationPort int
	controllerPort  int
	further         []further
}

func (n node) clientAddress() string { return loopback(n.clientPort) }
func (n node) dataDir() string       { return n.dir + "/data" }
func (n node) logFile() string       { return n.dir + "/broker.log" }

func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// serverProperties renders a node's server.properties, sorted by name. Clients and brokers have a listener each, so
// that the clients' one can be given other security, or a faulty link, without cutting the brokers off from each other.
func serverProperties(n node, all []node, over map[string]string) string {
	var voters []string
	for _, other := range all {
		voters = append(voters, fmt.Sprintf("%d@%s", other.id, loopback(other.controllerPort)))
	}
	properties := settings(len(all))
	maps.Copy(properties, map[string]string{
		"node.id":                  fmt.Sprint(n.id),
		"controller.quorum.voters": strings.Join(voters, ","),
		"listeners": fmt.Sprintf("CLIENT://%s,REPLICATION://%s,CONTROLLER://%s",
			n.clientAddress(), loopback(n.replicationPort), loopback(n.controllerPort)),
		"advertised.listeners": fmt.Sprintf("CLIENT://%s,REPLICATION://%s", n.clientAddress(), loopback(n.replicationPort)),
		"log.dirs":             n.dataDir(),
	})
	addFurther(properties, n.further)
	maps.Copy(properties, over)
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		fmt.Fprintf(&text, "%s=%s\n", name, properties[name])
	}
	return text.String()
}

// settings are those that all nodes of a cluster share. Source: Kafka 4.3 documentation, "Broker Configs". What is not
// named here stays as a production broker has it.
func settings(brokers int) map[string]string {
	replicas, inSync := fmt.Sprint(min(brokers, 3)), "1"
	if brokers >= 3 {
		inSync = "2"
	}
	return map[string]string{
		"process.roles":                  "broker,controller",
		"listener.security.protocol.map": "CLIENT:PLAINTEXT,REPLICATION:PLAINTEXT,CONTROLLER:PLAINTEXT",
		"inter.broker.listener.name":     "REPLICATION",
		"controller.listener.names":      "CONTROLLER",

		"auto.create.topics.enable":    "false",
		"unstable.api.versions.enable": "false",
		"default.replication.factor":   replicas,
		"min.insync.replicas":          inSync,

		// Internal topics: 50 partitions each, the default, cost a second at the first use and at every restart.
		"offsets.topic.num.partitions":                     "4",
		"offsets.topic.replication.factor":                 replicas,
		"transaction.state.log.num.partitions":             "4",
		"transaction.state.log.replication.factor":         replicas,
		"transaction.state.log.min.isr":                    inSync,
		"share.coordinator.state.topic.num.partitions":     "1",
		"share.coordinator.state.topic.replication.factor": replicas,
		"share.coordinator.state.topic.min.isr":            inSync,

		// A group of one member works at once, and one of several may lose a member within the patience of a test.
		"group.initial.rebalance.delay.ms":                            "0",
		"group.min.session.timeout.ms":                                "1000",
		"transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",

		// A broker killed with SIGKILL is refused at its restart until the controller has given up its old session, also
		// when they are the same process. The default, 9 s, would be most of what a test of a crash takes.
		"broker.session.timeout.ms":    "3000",
		"broker.heartbeat.interval.ms": "500",

		// The cleaner takes its buffer from the heap at the start; 128 MiB, the default, is a quarter of this one and
		// would keep the collector marking. 32 MiB hold 1.2 million keys a pass.
		"log.cleaner.dedupe.buffer.size": "33554432",
	}
}

// logConfig renders log4j2.properties: one file of at most 16 MiB and the one before it.
func logConfig(file string) string {
	return `status = warn
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = ` + file + `
appender.file.filePattern = ` + file + `.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{HH:mm:ss.SSS} %-5p %c{1} %m%n
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 16MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 1
rootLogger.level = info
rootLogger.appenderRef.file.ref = file
logger.state.name = state.change.logger
logger.state.level = warn
`
}
