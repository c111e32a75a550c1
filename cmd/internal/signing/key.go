package signing

import (
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// algorithm is the only one that is used, and believed.
const algorithm = jose.EdDSA

// publicKey is a key that verifies, under its thumbprint.
type publicKey struct {
	id  string
	key ed25519.PublicKey
}

// errKey says that an entry of a JWK set is no key that can be used here.
var errKey = errors.New(`it must be an Ed25519 key ("kty":"OKP","crv":"Ed25519") for signatures`)

// readKey takes an entry of a JWK set apart; private is nil in a public one. That its parts
// belong together go-jose has seen to.
func readKey(jwk jose.JSONWebKey) (public publicKey, private ed25519.PrivateKey, err error) {
	if jwk.Use != "" && jwk.Use != use || jwk.Algorithm != "" && jwk.Algorithm != string(algorithm) {
		return publicKey{}, nil, errKey
	}
	switch key := jwk.Key.(type) {
	case ed25519.PrivateKey:
		private = key
		public.key, _ = key.Public().(ed25519.PublicKey) // its type is documented
	case ed25519.PublicKey:
		public.key = key
	default:
		return publicKey{}, nil, errKey
	}
	if len(public.key) != ed25519.PublicKeySize {
		return publicKey{}, nil, errKey
	}
	if public.id, err = thumbprint(public.key); err != nil {
		return publicKey{}, nil, err
	}
	if jwk.KeyID != "" && jwk.KeyID != public.id {
		return publicKey{}, nil, fmt.Errorf(`"kid" is not its thumbprint (RFC 7638), which is %s; it may be left out`, public.id)
	}
	return public, private, nil
}

// use is what a JWK says of a key that is for signatures.
const use = "sig"

// thumbprint returns the key's id. Source: RFC 7638; RFC 8037, section 2.
func thumbprint(key ed25519.PublicKey) (string, error) {
	sum, err := (&jose.JSONWebKey{Key: key}).Thumbprint(crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("taking a key's thumbprint: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}

// jwk returns the key as an entry of a JWK set; key is a private or a public one.
func jwk(id string, key any) jose.JSONWebKey {
	return jose.JSONWebKey{Key: key, KeyID: id, Algorithm: string(algorithm), Use: use}
}
