// Package signing signs what devices are commanded, and verifies it: detached JSON Web Signatures (RFC 7515, appendix F) with
// Ed25519 (RFC 8037). A key's id is its thumbprint (RFC 7638). The engine signs with the first key of a file; whoever obeys
// verifies with the public keys, which the engine serves as a JWK set (RFC 7517).
package signing
