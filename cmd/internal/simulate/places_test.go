package simulate

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// What is in its file takes no room any more: with 10,000 stores it would be gigabytes.
func TestWhatIsWrittenIsNotHeld(t *testing.T) {
	t.Parallel()
	f, err := openFolder(t.TempDir(), nil, "")
	if err != nil {
		t.Fatal(err)
	}
	line := append(bytes.Repeat([]byte("x"), 10<<10), '\n')
	const stores, lines = 40, fileMaxBytes/(10<<10) + 1
	held := func() (room int) {
		for _, waits := range f.waiting {
			room += cap(waits)
		}
		return room
	}
	for store := range stores {
		for range lines {
			if err := f.write(fmt.Sprintf("device-commands.s-%d", store), line); err != nil {
				t.Fatal(err)
			}
		}
		if room := held(); room > 2*fileMaxBytes {
			t.Fatalf("behind store %d %d bytes are held", store, room)
		}
	}
	if err := errors.Join(f.flush(), f.publish()); err != nil {
		t.Fatal(err)
	}
	if f.bytes != 0 || held() != 0 {
		t.Errorf("when all is written, %d bytes wait in a room of %d", f.bytes, held())
	}
	for store := range stores {
		text, err := os.ReadFile(filepath.Join(f.path, fmt.Sprintf("device-commands.s-%d.jsonl", store)))
		if err != nil || !bytes.Equal(text, bytes.Repeat(line, lines)) {
			t.Errorf("of store %d %d bytes are written: %v", store, len(text), err)
		}
	}
}
