package signing

import (
	"bytes"
	"testing"
)

// BenchmarkSign is of a command of some entries, 2 KiB.
func BenchmarkSign(b *testing.B) {
	keys, value := benchKeys(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := keys.Sign(value); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "signatures/s")
}

func BenchmarkVerify(b *testing.B) {
	keys, value := benchKeys(b)
	jws, err := keys.Sign(value)
	if err != nil {
		b.Fatal(err)
	}
	verifier, err := ParseVerifier(keys.Public())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := verifier.Verify(jws, value); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "verifications/s")
}

func benchKeys(b *testing.B) (*Keys, []byte) {
	b.Helper()
	keys, err := Generate()
	if err != nil {
		b.Fatal(err)
	}
	return keys, bytes.Repeat([]byte("x"), 2<<10)
}
