package topics

import (
	"strings"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// readURL reads an absolute URL (RFC 3986, section 4.3), whatever its scheme.
func readURL(value string) (url, rule string) {
	return readMatch(value, schemas.URLMaxChars, isAbsoluteURL, "must be an absolute URL")
}

// isAbsoluteURL says whether a text is a scheme, a colon and something without spaces and control characters.
func isAbsoluteURL(url string) bool {
	scheme, rest, is := strings.Cut(url, ":")
	if !is || scheme == "" || rest == "" || !isLetter(scheme[0]) {
		return false
	}
	for _, c := range []byte(scheme) {
		if !isAlphanumeric(c) && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return isVisible(rest)
}

// readSHA256 reads 64 hexadecimal digits of either case.
func readSHA256(value string) (digest, rule string) {
	return readMatch(value, sha256Chars, isHexadecimal, "must be 64 hexadecimal digits")
}

const sha256Chars = 64

func isHexadecimal(digest string) bool {
	for _, c := range []byte(digest) {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F') {
			return false
		}
	}
	return len(digest) == sha256Chars
}

// readMediaType reads type/subtype (RFC 6838, section 4.2) without parameters: devices compare it as it is.
func readMediaType(value string) (mediaType, rule string) {
	return readMatch(value, 2*mediaNameMaxChars+1, isMediaType, "must be a media type without parameters")
}

const mediaNameMaxChars = 127

func isMediaType(mediaType string) bool {
	kind, subtype, is := strings.Cut(mediaType, "/")
	return is && isMediaName(kind) && isMediaName(subtype)
}

func isMediaName(name string) bool {
	if name == "" || len(name) > mediaNameMaxChars || !isAlphanumeric(name[0]) {
		return false
	}
	for _, c := range []byte(name) {
		if !isAlphanumeric(c) && strings.IndexByte("!#$&-^_.+", c) < 0 {
			return false
		}
	}
	return true
}

// readEmail reads an address as far as it can be judged without sending: something before and after one @, without
// spaces and control characters. RFC 5321, section 4.5.3.1.3 (with RFC 3696, erratum 1690) sets the length.
func readEmail(value string) (email, rule string) {
	return readMatch(value, schemas.EmailMaxChars, isEmail, "must be an e-mail address")
}

func isEmail(email string) bool {
	local, domain, is := strings.Cut(email, "@")
	return is && local != "" && domain != "" && strings.IndexByte(domain, '@') < 0 && isVisible(local) && isVisible(domain)
}

// readLocale reads the outer form of a BCP 47 language tag (RFC 5646, section 2.1).
func readLocale(value string) (locale, rule string) {
	return readMatch(value, schemas.LocaleMaxChars, isLocale, "must be a BCP 47 language tag such as en-US")
}

func isLocale(locale string) bool {
	for subtag := range strings.SplitSeq(locale, "-") {
		if subtag == "" || len(subtag) > 8 {
			return false
		}
		for _, c := range []byte(subtag) {
			if !isAlphanumeric(c) {
				return false
			}
		}
	}
	return true
}

// isVisible says whether a text has no ASCII space or control character.
func isVisible(text string) bool {
	for _, c := range []byte(text) {
		if c <= ' ' || c == 0x7f {
			return false
		}
	}
	return true
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func isAlphanumeric(c byte) bool { return isLetter(c) || c >= '0' && c <= '9' }
