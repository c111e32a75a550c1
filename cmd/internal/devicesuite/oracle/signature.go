package oracle

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

var base = base64.RawURLEncoding

// Keys takes a JWK set as the engine serves it.
func (b *Book) Keys(set []byte) error {
	var content struct {
		Keys []struct {
			Kty, Crv, Kid, X string
			D                *string
		}
	}
	if err := json.Unmarshal(set, &content); err != nil {
		return fmt.Errorf("reading keys: %w", err)
	}
	for _, k := range content.Keys {
		x, err := base.DecodeString(k.X)
		if err != nil || k.Kty != "OKP" || k.Crv != "Ed25519" || len(x) != ed25519.PublicKeySize || k.Kid == "" || k.D != nil {
			return fmt.Errorf("reading keys: %+v is no public key of Ed25519", k)
		}
		b.keys[k.Kid] = x
	}
	return nil
}

// verify says what is wrong with a signature, if anything.
func verify(keys map[string]ed25519.PublicKey, jws string, value []byte) error {
	parts := strings.Split(jws, ".")
	if len(parts) != 3 || parts[1] != "" {
		return errors.New("it is not detached")
	}
	header, err := base.DecodeString(parts[0])
	if err != nil {
		return err
	}
	var protected struct {
		Alg, Kid string
		Crit     any
	}
	if err := json.Unmarshal(header, &protected); err != nil {
		return err
	}
	signature, err := base.DecodeString(parts[2])
	if err != nil {
		return err
	}
	key, is := keys[protected.Kid]
	switch {
	case !is:
		return fmt.Errorf("its key is %q", protected.Kid)
	case protected.Alg != "EdDSA" || protected.Crit != nil:
		return fmt.Errorf("its header is %s", header)
	case !ed25519.Verify(key, []byte(parts[0]+"."+base.EncodeToString(value)), signature):
		return errors.New("it is of something else")
	}
	return nil
}
