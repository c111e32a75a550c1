package processors_test

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// deviceShorts are the groups that run besides, in a deployment with devices: those that feed others before them.
var deviceShorts = [...]string{topics.Placements, topics.Devices, topics.Stores, topics.Readiness}

// deviceTopics are their outputs. How many records there are depends on what was coalesced, so they are no part of what two
// deployments must tell alike: the newest of each device and campaign is.
var deviceTopics = [...]topics.Name{topics.DeviceCommands, topics.CampaignReadiness}

// shorts are the groups of a deployment.
func (s setup) shorts() []string {
	if !s.devices {
		return shorts[:]
	}
	return append(shorts[:len(shorts):len(shorts)], deviceShorts[:]...)
}

func isDeviceVerb(verb string) bool {
	return verb == "device" || verb == "remove-device" || verb == "ack"
}

// deviceRecord makes the record of a verb that devices, or their registry, are the source of.
func (p *play) deviceRecord(s *step, id string) (topics.Record, error) {
	kind, data, source, topic := schemas.Type(""), "", "registry", topics.DeviceEvents
	var err error
	switch s.verb {
	case "device":
		err = s.check(1, 1, "store", "mime", "time", "key", "partition", "json")
		kind, data = schemas.DeviceRegistered, deviceData(s)
		if mime, is := s.named["mime"]; is {
			data += `,"capabilities":{"mime":` + list(mime) + `}`
		}
	case "remove-device":
		err = s.check(1, 1, "store", "time", "key", "partition", "json")
		kind, data = schemas.DeviceRemoved, deviceData(s)
	case "ack":
		topic, source, kind = topics.DeviceAcks, "device", schemas.DeviceAck
		if err = s.check(1, 1, "store", "time", "key", "partition", "json", "status", "revision", "missing", "error"); err == nil {
			data, err = p.ackData(s)
		}
	}
	if err != nil {
		return topics.Record{}, err
	}
	record, err := emptyRecord(s, s.either("key", s.either("store", "s-1")))
	record.Topic = string(topic)
	envelope := attributes{
		{"specversion", schemas.SpecVersion}, {"id", id}, {"source", source}, {"type", string(kind)},
		{"subject", string(record.Key)}, {"time", s.either("time", schemas.Instant(p.now).String())},
	}
	if more, is := s.named["json"]; is {
		data += "," + more
	}
	record.Value = []byte("{" + strings.Join(append(envelope.members(), `"data":{`+data+"}"), ",") + "}")
	return record, err
}

func deviceData(s *step) string {
	return `"device_id":` + inJSON(s.given[0]) + `,"store_id":` + inJSON(s.either("store", "s-1"))
}

// ackData writes what a device says. revision is that of its newest command unless the script says another one; +1 and -1 are
// behind and before it, and first is that of its first command.
func (p *play) ackData(s *step) (string, error) {
	if err := p.hearDevices(); err != nil {
		return "", err
	}
	device := s.given[0]
	heard := p.devices.revisions[device]
	revision := int64(1)
	if len(heard) > 0 {
		revision = heard[len(heard)-1]
	}
	switch given := s.named["revision"]; {
	case given == "":
	case given == "first" && len(heard) > 0:
		revision = heard[0]
	case given == "before" && len(heard) > 1:
		revision = heard[len(heard)-2]
	case given[0] == '+':
		more, err := strconv.ParseInt(given[1:], 10, 64)
		if err != nil {
			return "", fmt.Errorf("reading revision=: %w", err)
		}
		revision += more
	default:
		return "", fmt.Errorf("reading revision=: there is no %s", given)
	}
	data := deviceData(s) + fmt.Sprintf(`,"command_id":%q,"playlist_revision":%d,"status":%q`,
		schemas.CommandID(device, revision), revision, s.either("status", "ready"))
	if missing, is := s.named["missing"]; is {
		data += `,"missing":` + list(missing)
	}
	if word, is := s.named["error"]; is {
		data += `,"error":` + inJSON(word)
	}
	return data, nil
}

// creatives writes cr-1,cr-2/2,cr-3:image/png: ids, with a version and a media type where these are others than 1 and video/mp4.
func creatives(text string) string {
	var items []string
	for item := range strings.SplitSeq(text, ",") {
		name, mime, _ := strings.Cut(item, ":")
		id, version, _ := strings.Cut(name, "/")
		version = cmp.Or(version, "1")
		digest := sha256.Sum256([]byte(id + "/" + version))
		items = append(items, fmt.Sprintf(
			`{"creative_id":%q,"version":%s,"url":"https://cdn.example/%s-%s","sha256":%q,"bytes":1048576,"mime":%q,"duration_ms":15000}`,
			id, version, id, version, hex.EncodeToString(digest[:]), cmp.Or(mime, "video/mp4")))
	}
	return "[" + strings.Join(items, ",") + "]"
}

// devicesHeard is what was heard for devices, and of them.
type devicesHeard struct {
	newest    map[string]*schemas.Event[schemas.Command] // by device
	revisions map[string][]int64                         // by device, those that came
	readiness map[string]*schemas.Event[schemas.Readiness]
}

func newDevicesHeard() devicesHeard {
	return devicesHeard{
		make(map[string]*schemas.Event[schemas.Command]), make(map[string][]int64), make(map[string]*schemas.Event[schemas.Readiness]),
	}
}

// hearDevices waits until nothing more comes, and hears what has come for devices, and of them.
func (p *play) hearDevices() error {
	p.on.settle()
	var broken []error
	for _, record := range p.on.deviceOutputs() {
		var err error
		if topics.Name(record.Topic) == topics.DeviceCommands {
			err = p.devices.hearCommand(record)
		} else {
			err = p.devices.hearReadiness(record)
		}
		if err != nil {
			broken = append(broken, fmt.Errorf("%s of %s: %w: %s", record.Topic, record.Key, err, record.Value))
		}
	}
	return errors.Join(broken...)
}

// hearCommand holds a command against the laws: a device's revisions rise; the same one comes again with the next attempt and
// nothing else changed.
func (h *devicesHeard) hearCommand(record topics.Record) error {
	var event schemas.Event[schemas.Command]
	if err := json.Unmarshal(record.Value, &event); err != nil {
		return err
	}
	c := &event.Data
	before := h.newest[c.DeviceID]
	h.newest[c.DeviceID] = &event
	switch {
	case c.StoreID != string(record.Key) || event.Subject != c.StoreID:
		return errors.New("its key and subject must be its store")
	case event.ID != fmt.Sprintf("%s/%d", c.CommandID, c.Attempt) || c.CommandID != schemas.CommandID(c.DeviceID, c.PlaylistRevision):
		return errors.New("its ids must follow from device, revision and attempt")
	case before == nil || before.Data.PlaylistRevision < c.PlaylistRevision:
		if h.revisions[c.DeviceID] = append(h.revisions[c.DeviceID], c.PlaylistRevision); c.Attempt != 1 {
			return errors.New("a new revision begins with attempt 1")
		}
		return nil
	case before.Data.PlaylistRevision > c.PlaylistRevision:
		return errors.New("its revision fell")
	case c.Attempt != before.Data.Attempt+1 || toldEntries(c) != toldEntries(&before.Data) || c.ValidUntil != before.Data.ValidUntil:
		return errors.New("differs from the attempt before it")
	}
	return nil
}

func toldEntries(c *schemas.Command) string { return fmt.Sprint(c.Playlist) }

// hearReadiness holds a readiness against the laws.
func (h *devicesHeard) hearReadiness(record topics.Record) error {
	var event schemas.Event[schemas.Readiness]
	if err := json.Unmarshal(record.Value, &event); err != nil {
		return err
	}
	r := &event.Data
	before := h.readiness[r.CampaignID]
	h.readiness[r.CampaignID] = &event
	switch {
	case r.CampaignID != string(record.Key) || event.Subject != r.CampaignID:
		return errors.New("its key and subject must be its campaign")
	case r.DevicesReady+r.UnreadyTotal != r.DevicesTotal || r.DevicesFailed+r.DevicesUnreachable > r.UnreadyTotal:
		return errors.New("it does not add up")
	case int64(len(r.Unready)) != min(r.UnreadyTotal, schemas.ReadinessLinesMax):
		return errors.New("it does not name whom it counts")
	case before != nil && before.Data.AtStart != nil && (r.AtStart == nil || *r.AtStart != *before.Data.AtStart):
		return errors.New("what was at the start has changed")
	}
	return nil
}
