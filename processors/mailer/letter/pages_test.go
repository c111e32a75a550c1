package letter_test

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var (
	pages    = flag.String("pages", "", "a folder to write each mail to as text and as a page, to look at")
	pictured = flag.Bool("pictured", false, "the picture in testdata was made of the page as it is now")
)

// picturedMail is the mail that the README shows a picture of.
const picturedMail = "ended.en"

// TestPages writes the parts of the mails in testdata, as a mail program shows them, and holds that the picture in testdata was made
// of the page that its mail has now.
func TestPages(t *testing.T) {
	mails, err := filepath.Glob(filepath.Join("testdata", "*.eml"))
	if err != nil || len(mails) == 0 {
		t.Fatalf("%d mails, %v", len(mails), err)
	}
	for _, path := range mails {
		message, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		r, name := parse(t, message), filepath.Base(path[:len(path)-len(".eml")])
		if *pages != "" {
			keep(t, filepath.Join(*pages, name+".txt"), r.text)
			keep(t, filepath.Join(*pages, name+".html"), r.html)
		}
		if name == picturedMail {
			isPictured(t, r.html)
		}
	}
}

func isPictured(t *testing.T, page string) {
	t.Helper()
	sum := sha256.Sum256([]byte(page))
	of, path := hex.EncodeToString(sum[:])+"\n", filepath.Join("testdata", picturedMail+".png.of")
	if *pictured {
		keep(t, path, of)
	}
	if noted, err := os.ReadFile(path); err != nil || string(noted) != of {
		t.Errorf("the picture in testdata is of another page (%v): make letters makes it anew", err)
	}
}

func keep(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
