// Package content is where devices get contents from, and how.
//
//	file.go    generated contents: their bytes follow from their creative, version and size, so generators and tests can name
//	           them without asking anybody
//	server.go  an HTTP server of them, with ranges, and with faults
//	fetch.go   fetching: goes on where it was cut, and believes nothing that its sha256 does not confirm
package content

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// File is a generated content.
type File struct {
	CreativeID string
	Version    int64
	Bytes      int64
}

// Path returns where a server has the file: /<creative>/<version>/<bytes>.
func (f File) Path() string {
	return "/" + f.CreativeID + "/" + strconv.FormatInt(f.Version, 10) + "/" + strconv.FormatInt(f.Bytes, 10)
}

var errPath = errors.New("it is not /<creative>/<version>/<bytes>")

// bytesMax bounds a generated file.
const bytesMax = 1 << 30

// fileAt is the inverse of Path.
func fileAt(path string) (File, error) {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if len(parts) != 3 || !schemas.IsID(parts[0]) {
		return File{}, errPath
	}
	version, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || version < 1 {
		return File{}, errPath
	}
	bytes, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil || bytes < 1 || bytes > bytesMax {
		return File{}, errPath
	}
	f := File{CreativeID: parts[0], Version: version, Bytes: bytes}
	if f.Path() != path {
		return File{}, errPath
	}
	return f, nil
}

// SHA256 reads the file through.
func (f File) SHA256() string {
	sum := sha256.New()
	_, _ = io.Copy(sum, f.Open()) // neither of the two fails
	return hex.EncodeToString(sum.Sum(nil))
}

// Creative returns the file as a campaign's definition names it. base is the server's URL without a slash at its end.
func (f File) Creative(base, mime string, durationMs int64) schemas.Creative {
	return schemas.Creative{
		CreativeID: f.CreativeID, Version: f.Version, URL: base + f.Path(), SHA256: f.SHA256(), Bytes: f.Bytes, MIME: mime,
		DurationMs: durationMs,
	}
}

// Open returns a reader of the file that can seek.
func (f File) Open() io.ReadSeeker {
	return &reader{file: f, seed: sha256.Sum256([]byte(f.CreativeID + "/" + strconv.FormatInt(f.Version, 10)))}
}

// reader makes a file as it is read: block n of 32 bytes is the hash of the seed and n.
type reader struct {
	file  File
	seed  [sha256.Size]byte
	at    int64
	block [sha256.Size]byte
	made  int64 // number of the block + 1; 0: none
}

func (r *reader) Read(p []byte) (int, error) {
	if r.at >= r.file.Bytes {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), r.file.Bytes-r.at)]
	for done := 0; done < len(p); {
		number := r.at / sha256.Size
		if r.made != number+1 {
			r.block, r.made = sha256.Sum256(binary.BigEndian.AppendUint64(r.seed[:], uint64(number))), number+1
		}
		n := copy(p[done:], r.block[r.at%sha256.Size:])
		done += n
		r.at += int64(n)
	}
	return len(p), nil
}

func (r *reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.file.Bytes
	}
	if offset < 0 {
		return 0, fmt.Errorf("seeking in a content: to %d", offset)
	}
	r.at = offset
	return offset, nil
}
