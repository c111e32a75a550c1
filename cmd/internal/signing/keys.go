package signing

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// The bounds of a file of keys.
const (
	keysMaxBytes = 64 << 10
	keysMaxCount = 16
)

// Keys are what a process signs with, and lets others verify with. They do not change, and may be used from many goroutines.
type Keys struct {
	entries []entry
	signer  jose.Signer
	public  []byte
}

type entry struct {
	publicKey
	private ed25519.PrivateKey // nil: it verifies what was signed with it elsewhere, or before
}

// ParseKeys reads a JWK set. Its first key is private and signs; the others, private or public, are valid beside it.
func ParseKeys(set []byte) (*Keys, error) {
	if len(set) > keysMaxBytes {
		return nil, fmt.Errorf("reading keys: more than %d bytes", keysMaxBytes)
	}
	var parsed struct {
		Keys []jose.JSONWebKey `json:"keys"`
	}
	if err := json.Unmarshal(set, &parsed); err != nil { // go-jose's errors do not repeat what they could not read
		return nil, fmt.Errorf(`reading keys: no JWK set {"keys":[...]}: %w`, err)
	}
	var entries []entry
	for i, each := range parsed.Keys {
		public, private, err := readKey(each)
		if err != nil {
			return nil, fmt.Errorf("reading keys: number %d: %w", i+1, err)
		}
		entries = append(entries, entry{public, private})
	}
	return newKeys(entries)
}

func newKeys(entries []entry) (*Keys, error) {
	switch {
	case len(entries) == 0:
		return nil, errors.New("reading keys: there is none")
	case len(entries) > keysMaxCount:
		return nil, fmt.Errorf("reading keys: more than %d", keysMaxCount)
	case entries[0].private == nil:
		return nil, errors.New("reading keys: the first one signs, and must be a private one")
	}
	public := jose.JSONWebKeySet{}
	for i, each := range entries {
		if slices.ContainsFunc(entries[:i], func(e entry) bool { return e.id == each.id }) {
			return nil, fmt.Errorf("reading keys: %s is there twice", each.id)
		}
		public.Keys = append(public.Keys, jwk(each.id, each.key))
	}
	signer, err := jose.NewSigner(jose.SigningKey{
		Algorithm: algorithm, Key: jose.JSONWebKey{Key: entries[0].private, KeyID: entries[0].id},
	}, nil)
	if err != nil {
		return nil, fmt.Errorf("making a signer: %w", err)
	}
	text, err := json.Marshal(public)
	if err != nil {
		return nil, fmt.Errorf("writing the public keys: %w", err)
	}
	return &Keys{entries: entries, signer: signer, public: text}, nil
}

// Sign returns the detached JWS of these very bytes, by the first key: base64url(header)..base64url(signature). The same bytes
// and key always give the same text.
func (k *Keys) Sign(value []byte) (string, error) {
	signed, err := k.signer.Sign(value)
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	text, err := signed.DetachedCompactSerialize()
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	return text, nil
}

// Public returns the public keys as a JWK set in JSON, that of the key that signs first.
func (k *Keys) Public() []byte { return slices.Clone(k.public) }

// IDs returns the ids of the keys; the first one signs.
func (k *Keys) IDs() []string {
	var ids []string
	for _, each := range k.entries {
		ids = append(ids, each.id)
	}
	return ids
}

// text returns the keys as the JWK set of a file, private parts included.
func (k *Keys) text() ([]byte, error) {
	set := jose.JSONWebKeySet{}
	for _, each := range k.entries {
		var key any = each.key
		if each.private != nil {
			key = each.private
		}
		set.Keys = append(set.Keys, jwk(each.id, key))
	}
	text, err := json.MarshalIndent(set, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing keys: %w", err)
	}
	return append(text, '\n'), nil
}
