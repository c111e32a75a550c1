package signing

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
)

// by signs a header and a payload as they are given, as a forger may who has the private key or the public one.
func by(t *testing.T, header, payload string, sign func(input []byte) []byte) string {
	t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(header)) + ".." + encode(sign([]byte(encode([]byte(header))+"."+payload)))
}

func TestWhatIsNotBelieved(t *testing.T) {
	keys := vectorKeys(t)
	verifier, err := ParseVerifier(keys.Public())
	if err != nil {
		t.Fatal(err)
	}
	const value = `{"data":1}`
	encoded := base64.RawURLEncoding.EncodeToString([]byte(value))
	private := func(input []byte) []byte { return ed25519.Sign(keys.entries[0].private, input) }
	secret := func(input []byte) []byte {
		mac := hmac.New(sha256.New, keys.entries[0].key)
		mac.Write(input)
		return mac.Sum(nil)
	}
	nothing := func([]byte) []byte { return nil }
	right, err := keys.Sign([]byte(value))
	if err != nil {
		t.Fatal(err)
	}
	other, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := other.Sign([]byte(value))
	if err != nil {
		t.Fatal(err)
	}
	const kid = `"kid":"` + vectorThumbprint + `"`
	for _, c := range []struct {
		name, jws, value string
		want             error
	}{
		{"as it was signed", right, value, nil},
		{"written by hand", by(t, `{"alg":"EdDSA",`+kid+`}`, encoded, private), value, nil},
		{"alg none", by(t, `{"alg":"none",`+kid+`}`, encoded, nothing), value, ErrForm},
		{"alg HS256 with the public key", by(t, `{"alg":"HS256",`+kid+`}`, encoded, secret), value, ErrForm},
		{"EdDSA signed with HMAC", by(t, `{"alg":"EdDSA",`+kid+`}`, encoded, secret), value, ErrSignature},
		{"no alg", by(t, `{`+kid+`}`, encoded, private), value, ErrForm},
		{"no kid", by(t, `{"alg":"EdDSA"}`, encoded, private), value, ErrForm},
		{"another kid", by(t, `{"alg":"EdDSA","kid":"me"}`, encoded, private), value, ErrUnknownKey},
		{"a key of its own", by(t, `{"alg":"EdDSA","kid":"me","jwk":`+vectorPublic+`}`, encoded, private), value, ErrUnknownKey},
		{"crit", by(t, `{"alg":"EdDSA",`+kid+`,"crit":["exp"],"exp":1}`, encoded, private), value, ErrForm},
		{"crit b64", by(t, `{"alg":"EdDSA",`+kid+`,"crit":["b64"],"b64":false}`, value, private), value, ErrForm},
		{"alg twice", by(t, `{"alg":"none","alg":"EdDSA",`+kid+`}`, encoded, private), value, ErrForm},
		{"no signature", by(t, `{"alg":"EdDSA",`+kid+`}`, encoded, nothing), value, ErrSignature},
		{"of another key", foreign, value, ErrUnknownKey},
		{"of other bytes", right, value + " ", ErrSignature},
		{"not detached", strings.Replace(right, "..", "."+encoded+".", 1), value, ErrForm},
		{"not detached, of other bytes", strings.Replace(right, "..", "."+encoded+".", 1), "{}", ErrForm},
		{"cut short", right[:len(right)-4], value, ErrSignature},
		{"empty", "", value, ErrForm},
		{"two dots", "..", value, ErrForm},
		{"JSON form", `{"payload":"","signatures":[]}`, value, ErrForm},
		{"far too long", right + strings.Repeat("A", signatureMaxBytes), value, ErrForm},
	} {
		id, err := verifier.Verify(c.jws, []byte(c.value))
		if !errors.Is(err, c.want) || (c.want == nil) != (id == vectorThumbprint) {
			t.Errorf("%s: verified by %q: %v, want %v", c.name, id, err, c.want)
		}
	}
}

// TestAVerifierTakesWhatItKnows: a set may hold keys of kinds that are still to come, and one that is private by mistake.
func TestAVerifierTakesWhatItKnows(t *testing.T) {
	const rsa = `{"kty":"RSA","n":"AQ","e":"AQAB"}`
	const future = `{"kty":"AKP","alg":"ML-DSA-99","pub":"AA"}`
	verifier, err := ParseVerifier(set(rsa, future, vectorPrivate))
	if err != nil || len(verifier.keys) != 1 {
		t.Fatalf("%v, %v", verifier, err)
	}
	for _, nothing := range []string{`{"keys":[]}`, `{}`, `[]`, ``, string(set(rsa)), strings.Repeat(" ", keysMaxBytes+1)} {
		if _, err := ParseVerifier([]byte(nothing)); err == nil {
			t.Errorf("%.40q is believed to hold keys", nothing)
		}
	}
}

func TestWhatIsNoKey(t *testing.T) {
	for _, c := range []struct{ name, set, want string }{
		{"none", `{"keys":[]}`, "there is none"},
		{"public first", string(set(vectorPublic)), "the first one signs"},
		{"twice", string(set(vectorPrivate, vectorPublic)), "is there twice"},
		{"another curve", string(set(`{"kty":"OKP","crv":"X25519","x":"` + vectorX + `"}`)), "reading keys"},
		{"secret", string(set(`{"kty":"oct","k":"AAAA"}`)), "must be an Ed25519 key"},
		{"for encryption", string(set(strings.Replace(vectorPrivate, "{", `{"use":"enc",`, 1))), "must be an Ed25519 key"},
		{"parts of two keys", string(set(strings.Replace(vectorPrivate, vectorX, "3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 1))),
			"x does not match d"},
		{"a short one", string(set(`{"kty":"OKP","crv":"Ed25519","d":"AAAA","x":"AAAA"}`)), "reading keys"},
		{"a name of its own", string(set(strings.Replace(vectorPrivate, "{", `{"kid":"mine",`, 1))), "which is " + vectorThumbprint},
		{"no JSON", "nWGxne", "no JWK set"},
	} {
		_, err := ParseKeys([]byte(c.set))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "nWGxne_9") {
			t.Errorf("%s: the error tells the key: %v", c.name, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	keys, err := ParseKeys(set(vectorPrivate))
	if err != nil {
		f.Fatal(err)
	}
	verifier, err := ParseVerifier(keys.Public())
	if err != nil {
		f.Fatal(err)
	}
	right, _ := keys.Sign([]byte("{}"))
	f.Add(right, []byte("{}"))
	f.Add("..", []byte{})
	f.Fuzz(func(t *testing.T, jws string, value []byte) {
		if _, err := verifier.Verify(jws, value); err == nil && string(value) != "{}" {
			t.Errorf("%q is believed of %q", jws, value)
		}
	})
}
