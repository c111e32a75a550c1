package playlist

import (
	"github.com/rmn-arms/campaign-engine/state/fields"
)

const (
	deviceLayout    = 1
	saysFlag        = 1
	freshFlag       = 2
	saidReadyFlag   = 4
	unreachableFlag = 8
	deviceFlags     = saysFlag | freshFlag | saidReadyFlag | unreachableFlag
)

// read reads a device. Its error is ErrPart.
func (d *device) read(parts Parts, id string) error {
	part := parts.Part(devicePrefix + id)
	in, texts := fields.NewReader(part), allocator{whole: string(part)}
	if in.Byte() != deviceLayout {
		return ErrPart
	}
	flags := in.Byte()
	read := device{
		says: flags&saysFlag != 0, fresh: flags&freshFlag != 0, saidReady: flags&saidReadyFlag != 0,
		unreachable: flags&unreachableFlag != 0, at: in.Instant(), revision: in.Uvarint(), attempt: in.Uvarint(), floor: in.Uvarint(),
		caused: in.Instant(), compiledAt: in.Instant(), pushDue: readDue(&in), awaiting: readDue(&in),
	}
	in.Read(read.heard[:])
	if n := in.Length(); n > 0 {
		read.mime = make([]string, n)
	}
	for i := range read.mime {
		read.mime[i] = in.Text()
	}
	if n := in.Length(); n > 0 {
		read.shown = make([]shown, n)
	}
	for i := range read.shown {
		if !read.shown[i].read(&in, &texts) {
			return ErrPart
		}
	}
	if !in.Whole() || flags > deviceFlags {
		return ErrPart
	}
	*d = read
	return nil
}

// allocator is what the texts and the entries of a device's part share: it has thousands of them.
type allocator struct {
	whole string
	slab  []sent
}

// entries returns n entries.
func (a *allocator) entries(n int) []sent {
	if n > len(a.slab) {
		a.slab = make([]sent, max(n, min(len(a.whole)/entryBytes, slabMax)))
	}
	taken := a.slab[:n:n]
	a.slab = a.slab[n:]
	return taken
}

const (
	entryBytes = 50 // what an entry takes in a part, about
	slabMax    = 512
)

func (s *shown) read(in *fields.Reader, texts *allocator) bool {
	s.id, s.left = in.TextOf(texts.whole), leftOut(in.Byte())
	if n := in.Length(); n > 0 {
		s.entries = texts.entries(n)
	}
	for i := range s.entries {
		e := &s.entries[i]
		e.creative = in.TextOf(texts.whole)
		in.Read(e.form[:])
		e.since, e.state, e.said = in.Uvarint(), state(in.Byte()), in.Uvarint()
		if e.state == failed {
			e.word = in.Text()
		}
		if e.state >= stateCount {
			return false
		}
	}
	return s.left < leftOutCount && (s.left == inside || len(s.entries) == 0)
}

// write writes the device's part: layout, flags, and the fields in their order.
func (d *device) write(parts Parts, id string) { parts.SetPart(devicePrefix+id, d.append(d.room())) }

// room returns a buffer for what the device takes.
func (d *device) room() []byte { return make([]byte, 0, d.bytes()) }

// bytes is about what the device takes, and not less without its media types.
func (d *device) bytes() int {
	size := 128
	for i := range d.shown {
		size += len(d.shown[i].id) + 8
		for j := range d.shown[i].entries {
			e := &d.shown[i].entries[j]
			size += len(e.creative) + len(e.form) + 16 + len(e.word)
		}
	}
	return size
}

func (d *device) append(b []byte) []byte {
	flags := flag(d.says, saysFlag) | flag(d.fresh, freshFlag) | flag(d.saidReady, saidReadyFlag) |
		flag(d.unreachable, unreachableFlag)
	b = fields.AppendInstant(append(b, deviceLayout, flags), d.at)
	b = fields.AppendUvarint(fields.AppendUvarint(fields.AppendUvarint(b, d.revision), d.attempt), d.floor)
	b = fields.AppendInstant(fields.AppendInstant(b, d.caused), d.compiledAt)
	b = append(appendDue(appendDue(b, d.pushDue), d.awaiting), d.heard[:]...)
	b = fields.AppendUvarint(b, int64(len(d.mime)))
	for _, mime := range d.mime {
		b = fields.AppendText(b, mime)
	}
	b = fields.AppendUvarint(b, int64(len(d.shown)))
	for i := range d.shown {
		b = d.shown[i].append(b)
	}
	return b
}

func (s *shown) append(b []byte) []byte {
	b = append(fields.AppendText(b, s.id), byte(s.left))
	b = fields.AppendUvarint(b, int64(len(s.entries)))
	for i := range s.entries {
		e := &s.entries[i]
		b = append(fields.AppendText(b, e.creative), e.form[:]...)
		b = append(fields.AppendUvarint(b, e.since), byte(e.state))
		b = fields.AppendUvarint(b, e.said)
		if e.state == failed {
			b = fields.AppendText(b, e.word)
		}
	}
	return b
}
