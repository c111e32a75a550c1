package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// javaMin is the oldest Java that Kafka 4 brokers run on (KIP-1013).
const javaMin = 17

// What the machine may lack; each says how to get it.
var (
	ErrJavaMissing  = errors.New("no Java 17 or newer: apt-get install -y openjdk-17-jre-headless")
	ErrMavenMissing = errors.New("no Maven: apt-get install -y maven")
)

// findJava returns the path of a java that is new enough: JAVA_HOME's if that is set, else the first in PATH.
func findJava(ctx context.Context) (string, error) {
	path := "java"
	if home := os.Getenv("JAVA_HOME"); home != "" {
		path = filepath.Join(home, "bin", "java")
	}
	path, err := exec.LookPath(path)
	if err != nil {
		return "", fmt.Errorf("%w (%w)", ErrJavaMissing, err)
	}
	text, err := exec.CommandContext(ctx, path, "-version").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w (%s -version: %w)", ErrJavaMissing, path, err)
	}
	if found := javaVersion(string(text)); found < javaMin {
		return "", fmt.Errorf("%w (%s is version %d)", ErrJavaMissing, path, found)
	}
	return path, nil
}

var javaVersionLine = regexp.MustCompile(`version "(?:1\.)?(\d+)`)

// javaVersion reads the feature release out of what java -version prints: 17 of "17.0.15", 8 of "1.8.0_412" (JEP 223);
// 0 if there is none.
func javaVersion(text string) int {
	match := javaVersionLine.FindStringSubmatch(text)
	if match == nil {
		return 0
	}
	version, err := strconv.Atoi(match[1])
	if err != nil {
		return 0
	}
	return version
}

// formatFlags are for a program that runs for a second.
func formatFlags() []string {
	return []string{"-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"}
}

// brokerFlags are those of Kafka's own kafka-run-class.sh, with the heap as the options say.
func brokerFlags(o Options) []string {
	flags := []string{fmt.Sprintf("-Xmx%dm", o.HeapMiB), "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20",
		"-XX:InitiatingHeapOccupancyPercent=35", "-XX:+ExplicitGCInvokesConcurrent"}
	if o.ShortLived {
		flags = append(flags, "-XX:TieredStopAtLevel=1")
	}
	return flags
}
