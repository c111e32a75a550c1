package topics_test

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rmn-arms/campaign-engine/topics"
)

var update = flag.Bool("update", false, "rewrite what is generated: golden files and the README's parts")

// parts are what the README shows of the table, each between <!-- generated:NAME --> and <!-- /generated -->.
func parts() map[string]string {
	return map[string]string{
		"topology": "```mermaid\n" + topics.Draw() + "```\n",
		"topics":   topics.DrawTopics(),
		"groups":   topics.DrawGroups(),
		"settings": topics.DrawSettings(),
		"roles":    topics.DrawRoles(),
	}
}

// The golden file is for the eyes: a change of the table shows in a review as what it does to the picture.
func TestDrawGolden(t *testing.T) {
	path := filepath.Join("testdata", "topology.md")
	var all strings.Builder
	for _, name := range []string{"topology", "groups", "topics", "settings", "roles"} {
		fmt.Fprintf(&all, "## %s\n\n%s\n", name, parts()[name])
	}
	if *update {
		write(t, path, all.String())
	}
	golden, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(golden), all.String()); diff != "" {
		t.Errorf("%s is not what the table says; make topology rewrites it (-file +table):\n%s", path, diff)
	}
}

func TestReadmeShowsTheTable(t *testing.T) {
	path := filepath.Join("..", "README.md")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return // there is nothing that could be wrong
	}
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := regenerate(string(text), parts())
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if *update {
		write(t, path, fresh)
		return
	}
	if diff := cmp.Diff(string(text), fresh); diff != "" {
		t.Errorf("%s is not what the table says; make topology rewrites it (-file +table):\n%s", path, diff)
	}
}

// regenerate returns the text with its generated parts anew. The picture and the topics must be there; other parts are
// for who wants them, and those of other rooms are left alone.
func regenerate(text string, parts map[string]string) (string, error) {
	const end = "<!-- /generated -->"
	for name, fresh := range parts {
		begin := fmt.Sprintf("<!-- generated:%s -->\n", name)
		before, rest, found := strings.Cut(text, begin)
		if !found {
			if name == "topology" || name == "topics" {
				return "", fmt.Errorf("looking for generated parts: put %q and %q where it should stand", begin, end)
			}
			continue
		}
		old, after, closed := strings.Cut(rest, end)
		if !closed || strings.Contains(old, "<!-- generated:") {
			return "", fmt.Errorf("looking for generated parts: %q is not closed by %q", begin, end)
		}
		text = before + begin + "\n" + fresh + "\n" + end + after
	}
	return text, nil
}

func TestRegenerate(t *testing.T) {
	fresh := map[string]string{"topology": "P\n", "topics": "T\n", "groups": "G\n"}
	const old = "a\n<!-- generated:topology -->\nold\n<!-- /generated -->\nb\n<!-- generated:topics -->\n<!-- /generated -->\n" +
		"<!-- generated:states -->\nkept\n<!-- /generated -->\n"
	const want = "a\n<!-- generated:topology -->\n\nP\n\n<!-- /generated -->\nb\n<!-- generated:topics -->\n\nT\n\n<!-- /generated -->\n" +
		"<!-- generated:states -->\nkept\n<!-- /generated -->\n"
	got, err := regenerate(old, fresh)
	if err != nil || got != want {
		t.Errorf("regenerate = %q, %v, want %q", got, err, want)
	}
	if again, err := regenerate(got, fresh); err != nil || again != got {
		t.Errorf("a second time gives %q, %v", again, err)
	}
	for _, broken := range []string{
		"nothing generated",
		"<!-- generated:topics -->\n<!-- /generated -->\n",
		"<!-- generated:topology -->\nnever closed",
		"<!-- generated:topology -->\nnever closed\n<!-- generated:topics -->\n<!-- /generated -->\n",
	} {
		if got, err := regenerate(broken, fresh); err == nil {
			t.Errorf("regenerate(%q) = %q, want an error", broken, got)
		}
	}
}

func TestDrawIsDeterministic(t *testing.T) {
	first := parts()
	for range 20 {
		if diff := cmp.Diff(first, parts()); diff != "" {
			t.Fatalf("drawn twice, it differs:\n%s", diff)
		}
	}
}

func TestDrawShowsEverything(t *testing.T) {
	for _, stream := range topics.Streams() {
		for name, part := range parts() {
			if name != "groups" && !strings.Contains(part, string(stream.Name)) && !strings.Contains(part, "| all |") {
				t.Errorf("%s does not stand in the part %q", stream.Name, name)
			}
		}
	}
	if store := string(topics.StoreStream().Name); !strings.Contains(topics.DrawTopics(), "`"+store+"`") ||
		!strings.Contains(topics.Draw(), "device-commands.#lt;store_id#gt;") {
		t.Errorf("%s does not stand in the table or the picture", store)
	}
	for _, group := range topics.Groups() {
		if !strings.Contains(topics.Draw(), fmt.Sprintf("([%q])", group.Short)) {
			t.Errorf("group %s does not stand in the picture", group.Short)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
