package storesim

import (
	"os"
	"reflect"
	"testing"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/device"
	"github.com/rmn-arms/campaign-engine/schemas"
)

func TestADiskKeepsWhatWasWritten(t *testing.T) {
	d := disk(t.TempDir())
	found, _, err := d.read()
	if found || err != nil {
		t.Fatalf("on an empty disk: %v, %v", found, err)
	}
	state := device.State{DeviceID: "d-1", StoreID: "s-1", Born: 5, Boots: 2, Registered: true, Obeys: device.Obeyed{Revision: 7}}
	if err := d.write(&state); err != nil {
		t.Fatal(err)
	}
	o := outbox{path: d.plays()}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(o.add(&schemas.Play{PlayID: "gone"}))
	must(o.empty())
	must(o.add(&schemas.Play{PlayID: "p-1"}))
	must(o.close())
	// The power goes off while a play is written.
	file, err := os.OpenFile(d.plays(), os.O_APPEND|os.O_WRONLY, 0)
	must(err)
	_, err = file.WriteString("\n{\"play_id\":\"hal")
	must(err)
	must(file.Close())
	must(o.add(&schemas.Play{PlayID: "p-2"}))
	must(o.close())
	must(o.close())
	found, content, err := d.read()
	plays := []schemas.Play{{PlayID: "p-1"}, {PlayID: "p-2"}}
	if !found || err != nil || !reflect.DeepEqual(content.State, state) || !reflect.DeepEqual(content.Unsent, plays) {
		t.Errorf("read: %v, %v, %+v", found, err, content)
	}
	must(d.wipe())
	if found, _, err := d.read(); found || err != nil {
		t.Errorf("after it was wiped: %v, %v", found, err)
	}
	must((&outbox{path: d.plays()}).empty())
}
