package signing

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// Why a signature is not believed.
var (
	// ErrForm says that it is no detached JWS with EdDSA and a kid: also alg none, HS256, a crit or a b64 header.
	ErrForm = errors.New("it is no detached JWS by Ed25519 and a kid")
	// ErrUnknownKey says that its kid is none of the keys: the set may be old, or it is forged.
	ErrUnknownKey = errors.New("its key is not known")
	// ErrSignature says that these bytes were not signed so.
	ErrSignature = errors.New("it is not the signature of these bytes")
)

// signatureMaxBytes is far above what is ever made; more is not looked at.
const signatureMaxBytes = 1 << 10

// Verifier verifies by a set of public keys. It does not change, and may be used from many goroutines.
type Verifier struct{ keys map[string]ed25519.PublicKey }

// ParseVerifier reads a JWK set, as the engine serves it. Entries of other kinds are passed over, as RFC 7517 wants it; private
// parts are not kept. An error says that nothing is left to verify with.
func ParseVerifier(set []byte) (*Verifier, error) {
	if len(set) > keysMaxBytes {
		return nil, fmt.Errorf("reading public keys: more than %d bytes", keysMaxBytes)
	}
	var parsed struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(set, &parsed); err != nil {
		return nil, fmt.Errorf(`reading public keys: no JWK set {"keys":[...]}: %w`, err)
	}
	v := &Verifier{keys: map[string]ed25519.PublicKey{}}
	for _, text := range parsed.Keys {
		var each jose.JSONWebKey
		if json.Unmarshal(text, &each) != nil {
			continue
		}
		if public, _, err := readKey(each); err == nil {
			v.keys[public.id] = public.key
		}
	}
	if len(v.keys) == 0 {
		return nil, errors.New("reading public keys: there is none for Ed25519")
	}
	return v, nil
}

// Verify returns the id of the key that has signed these very bytes. Its error is ErrForm, ErrUnknownKey or ErrSignature.
func (v *Verifier) Verify(jws string, value []byte) (keyID string, err error) {
	keyID, err = keyOf(jws)
	if err != nil {
		return "", err
	}
	key, known := v.keys[keyID]
	if !known {
		return "", ErrUnknownKey
	}
	signed, err := jose.ParseDetached(jws, value, []jose.SignatureAlgorithm{algorithm})
	if err != nil {
		return "", ErrForm
	}
	if err := signed.DetachedVerify(value, key); err != nil {
		return "", ErrSignature
	}
	return keyID, nil
}

// keyOf returns the kid of a JWS whose header asks for nothing that is not done here. What may be in a header is looked at
// before any key is: what a signature says of itself decides nothing but which of the known keys it is by.
func keyOf(jws string) (string, error) {
	if len(jws) > signatureMaxBytes {
		return "", ErrForm
	}
	parts := strings.Split(jws, ".")
	if len(parts) != 3 || parts[1] != "" {
		return "", ErrForm
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil {
		return "", ErrForm
	}
	var header map[string]json.RawMessage
	if json.Unmarshal(text, &header) != nil {
		return "", ErrForm
	}
	_, critical := header["crit"]
	_, encoded := header["b64"]
	var alg, kid string
	if critical || encoded || json.Unmarshal(header["alg"], &alg) != nil || json.Unmarshal(header["kid"], &kid) != nil ||
		alg != string(algorithm) || kid == "" {
		return "", ErrForm
	}
	return kid, nil
}
