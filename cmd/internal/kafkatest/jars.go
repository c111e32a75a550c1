package kafkatest

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
)

// pom names the jars: the broker, the tools, and the log4j bindings, without which Kafka logs nothing.
//
//go:embed pom.xml
var pom []byte

const (
	// dependencyPlugin is pinned, so that the same command does the same on every Maven.
	dependencyPlugin = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"
	jarsMax          = 10 * time.Minute // for the download, 55 MiB, and the waiting for another test's
	sumsFile         = "SHA256SUMS"     // in the form of sha256sum; written last, so it also says that the folder is whole
)

var errDamaged = errors.New("jar differs from its checksum")

// jars returns the folder that holds Kafka's jars, and fetches them at the first call on this machine. Other processes
// may call it at the same time: one fetches, the others wait.
func jars(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, jarsMax)
	defer cancel()
	caches, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the cache folder: %w", err)
	}
	root := filepath.Join(caches, "campaign-engine", "kafka-"+Version)
	if err := os.MkdirAll(root, 0o755); err != nil {
		return "", fmt.Errorf("making the cache folder: %w", err)
	}
	unlock, err := proctest.Lock(ctx, filepath.Join(root, "lock"))
	if err != nil {
		return "", err
	}
	dir, err := cached(ctx, root, fetchJars)
	return dir, errors.Join(err, unlock())
}

// cached returns root's folder for the present pom, after filling it if it is absent, incomplete or damaged. A folder
// is never changed once it is whole, because brokers of other tests may be running from it.
func cached(ctx context.Context, root string, fetch func(ctx context.Context, into string) error) (string, error) {
	sum := sha256.Sum256(pom)
	dir := filepath.Join(root, hex.EncodeToString(sum[:4]))
	err := verifySums(dir)
	if err == nil {
		return dir, nil
	}
	if !errors.Is(err, os.ErrNotExist) && !errors.Is(err, errDamaged) {
		return "", fmt.Errorf("reading Kafka's jars: %w", err)
	}
	fresh := filepath.Join(root, "fetching") // one is enough, because the caller holds the lock
	defer os.RemoveAll(fresh)
	if err := fill(ctx, fresh, fetch); err != nil {
		return "", fmt.Errorf("fetching Kafka's jars: %w", err)
	}
	if err := errors.Join(os.RemoveAll(dir), os.Rename(fresh, dir)); err != nil {
		return "", fmt.Errorf("keeping Kafka's jars: %w", err)
	}
	return dir, nil
}

// fill fetches into a folder, which may be there as a killed process left it, and adds the checksums.
func fill(ctx context.Context, dir string, fetch func(ctx context.Context, into string) error) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	if err := fetch(ctx, dir); err != nil {
		return err
	}
	return writeSums(dir)
}

// fetchJars lets Maven resolve the pom into a folder.
func fetchJars(ctx context.Context, into string) error {
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return fmt.Errorf("%w (%w)", ErrMavenMissing, err)
	}
	project := filepath.Join(into, "pom.xml")
	if err := os.WriteFile(project, pom, 0o644); err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, mvn, "--quiet", "--batch-mode", "--strict-checksums", "--file", project,
		dependencyPlugin+":copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+into).CombinedOutput()
	if err != nil {
		return fmt.Errorf("running mvn: %w\n%s", err, bytes.TrimSpace(out))
	}
	return nil
}

// writeSums writes the checksums of a folder's jars.
func writeSums(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, "*.jar"))
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return errors.New("there are none")
	}
	var text strings.Builder
	for _, name := range names {
		sum, err := sumOf(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "%s  %s\n", sum, filepath.Base(name))
	}
	return os.WriteFile(filepath.Join(dir, sumsFile), []byte(text.String()), 0o644)
}

// verifySums compares a folder with its checksums. Errors: os.ErrNotExist, errDamaged.
func verifySums(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, sumsFile))
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		want, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		got, err := sumOf(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("%s: %w", name, errDamaged)
		}
	}
	return nil
}

func sumOf(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
