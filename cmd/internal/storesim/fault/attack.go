package fault

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// Attack is what an attacker does who may write to a store's topic but has none of the engine's keys.
type Attack string

// The attacks.
const (
	Replay      Attack = "replay"       // an old command, as it was
	OtherStore  Attack = "other-store"  // a genuine command of another store, under the key of a device of this one
	OtherDevice Attack = "other-device" // a genuine command of another device of the store
	Unsigned    Attack = "unsigned"     // a forged command without a signature
	Borrowed    Attack = "borrowed"     // a forged command with the signature of a genuine one
	WrongKey    Attack = "wrong-key"    // a forged command signed by the attacker, who says that the key is the engine's
	UnknownKey  Attack = "unknown-key"  // a forged command signed by the attacker in the attacker's name
	Tombstone   Attack = "tombstone"    // nothing at all
)

// forgeries are the attacks beside Replay.
func forgeries() []Attack {
	return []Attack{OtherStore, OtherDevice, Unsigned, Borrowed, WrongKey, UnknownKey, Tombstone}
}

// ForgedCampaign is the campaign that forged commands want to be shown.
const ForgedCampaign = "forged-campaign"

// Record is a record of a store's topic.
type Record struct {
	Key   string
	Value []byte
	JWS   string // "" for none
}

// Attack draws what is done to a store in the n-th Every of a run, and when in it; "" for nothing.
func (p *Plan) Attack(storeID string, n int64) (kind Attack, after time.Duration, draw *rand.Rand) {
	draw = p.draw("attack", storeID, n)
	after = time.Duration(draw.Int64N(int64(p.Every)))
	replay, forge := draw.Float64() < p.Replay, draw.Float64() < p.Forge
	drawn := forgeries()[draw.IntN(len(forgeries()))]
	switch {
	case p.For > 0 && time.Duration(n)*p.Every+after >= p.For:
		return "", 0, draw
	case replay:
		return Replay, after, draw
	case forge:
		return drawn, after, draw
	}
	return "", 0, draw
}

// Attacker makes records. It knows what it has seen on its way.
type Attacker struct {
	key ed25519.PrivateKey
	now func() time.Time
}

// NewAttacker returns an attacker with a key that follows from the seed.
func NewAttacker(seed uint64, now func() time.Time) *Attacker {
	draw := rand.New(rand.NewPCG(seed, 0))
	material := make([]byte, ed25519.SeedSize)
	for i := range material {
		material[i] = byte(draw.Uint32())
	}
	return &Attacker{key: ed25519.NewKeyFromSeed(material), now: now}
}

// Make makes the record of an attack. own are genuine records of the store, oldest first, other those of another store. It is
// false when there is not yet what the attack needs.
func (a *Attacker) Make(kind Attack, own, other []Record, draw *rand.Rand) (Record, bool) {
	if len(own) == 0 {
		return Record{}, false
	}
	victim := own[draw.IntN(len(own))]
	switch kind {
	case Replay:
		return victim, true
	case OtherStore:
		if len(other) == 0 {
			return Record{}, false
		}
		foreign := other[draw.IntN(len(other))]
		return Record{Key: victim.Key, Value: foreign.Value, JWS: foreign.JWS}, true
	case OtherDevice:
		for _, r := range own {
			if r.Key != victim.Key {
				return Record{Key: victim.Key, Value: r.Value, JWS: r.JWS}, true
			}
		}
		return Record{}, false
	case Tombstone:
		return Record{Key: victim.Key}, true
	}
	forged := Record{Key: victim.Key, Value: a.forge(victim.Value)}
	switch kind {
	case Borrowed:
		forged.JWS = victim.JWS
	case WrongKey:
		forged.JWS = a.sign(headerOf(victim.JWS), forged.Value)
	case UnknownKey:
		forged.JWS = a.sign([]byte(`{"alg":"EdDSA","kid":"attacker"}`), forged.Value)
	}
	return forged, forged.Value != nil
}

// forge makes a newer command of a genuine one, with an entry that is the attacker's. nil when the value is none.
func (a *Attacker) forge(value []byte) []byte {
	var event schemas.Event[schemas.Command]
	if json.Unmarshal(value, &event) != nil {
		return nil
	}
	c := &event.Data
	now := schemas.InstantOf(a.now())
	const hour, farAhead = 3_600_000, 1_000_000
	entry := schemas.PlaylistEntry{
		CampaignID: ForgedCampaign, CreativeID: ForgedCampaign, Version: 1, URL: "http://127.0.0.1:9/forged", MIME: "video/mp4",
		SHA256: strings.Repeat("ab", 32), Bytes: 1, DurationMs: 1000, StartsAt: now - hour, EndsAt: now + hour,
	}
	if len(c.Playlist) > 0 { // with a content that the device has, so that it might be shown at once
		genuine := c.Playlist[0]
		entry.URL, entry.SHA256, entry.Bytes = genuine.URL, genuine.SHA256, genuine.Bytes
	}
	c.PlaylistRevision += farAhead
	c.CommandID = schemas.CommandID(c.DeviceID, c.PlaylistRevision)
	c.ValidUntil = now + hour
	c.Playlist = append(c.Playlist, entry)
	forged, err := json.Marshal(event)
	if err != nil {
		return nil
	}
	return forged
}

// sign makes a detached JWS with a header.
func (a *Attacker) sign(header, value []byte) string {
	protected := base64.RawURLEncoding.EncodeToString(header)
	signature := ed25519.Sign(a.key, []byte(protected+"."+base64.RawURLEncoding.EncodeToString(value)))
	return protected + ".." + base64.RawURLEncoding.EncodeToString(signature)
}

// headerOf returns the header of a JWS, nil for none.
func headerOf(jws string) []byte {
	protected, _, _ := strings.Cut(jws, ".")
	header, err := base64.RawURLEncoding.DecodeString(protected)
	if err != nil {
		return nil
	}
	return header
}
