package signing

import (
	"crypto/ed25519"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// The vectors of RFC 8037, appendix A.
const (
	vectorPrivate    = `{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"` + vectorX + `"}` // A.1
	vectorPublic     = `{"kty":"OKP","crv":"Ed25519","x":"` + vectorX + `"}`                                                   // A.2
	vectorX          = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
	vectorThumbprint = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" // A.3
	vectorPayload    = "Example of Ed25519 signing"                  // A.4
	vectorSignature  = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)

func set(keys ...string) []byte { return []byte(`{"keys":[` + strings.Join(keys, ",") + `]}`) }

func vectorKeys(t *testing.T) *Keys {
	t.Helper()
	keys, err := ParseKeys(set(vectorPrivate))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestTheVectorsOfTheStandard(t *testing.T) {
	keys := vectorKeys(t)
	if ids := keys.IDs(); len(ids) != 1 || ids[0] != vectorThumbprint {
		t.Errorf("the thumbprint is %v", ids)
	}
	want := `{"keys":[{"use":"sig","kty":"OKP","kid":"` + vectorThumbprint + `","crv":"Ed25519","alg":"EdDSA","x":"` + vectorX + `"}]}`
	if got := string(keys.Public()); got != want {
		t.Errorf("the public set is %s", got)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: keys.entries[0].private}, nil) // no kid, as A.4 has it
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign([]byte(vectorPayload))
	if err != nil {
		t.Fatal(err)
	}
	full, err := signed.CompactSerialize()
	if err != nil || full != "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."+vectorSignature {
		t.Errorf("it is signed %q (%v)", full, err)
	}
}

// golden is what a command's bytes are signed as: header {"alg":"EdDSA","kid":thumbprint}, nothing between the dots.
const golden = "eyJhbGciOiJFZERTQSIsImtpZCI6ImtQcktfcW14VldhWVZBOXd3QkY2SXVvM3ZWeno3VHhIQ1R3WEJ5Z3JTNGsifQ.."

func TestADetachedSignature(t *testing.T) {
	keys := vectorKeys(t)
	value := []byte("{\"specversion\":\"1.0\"}\n\x00\xff")
	jws, err := keys.Sign(value)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := keys.Sign(value)
	signature, is := strings.CutPrefix(jws, golden)
	if !is || jws != again {
		t.Fatalf("signed %q, then %q", jws, again)
	}
	raw, err := base64.RawURLEncoding.DecodeString(signature)
	input := strings.TrimSuffix(golden, ".") + base64.RawURLEncoding.EncodeToString(value)
	if err != nil || !ed25519.Verify(keys.entries[0].key, []byte(input), raw) {
		t.Error("the standard library does not verify it")
	}
	verifier, err := ParseVerifier(keys.Public())
	if err != nil {
		t.Fatal(err)
	}
	if id, err := verifier.Verify(jws, value); id != vectorThumbprint || err != nil {
		t.Errorf("verified by %q: %v", id, err)
	}
}
