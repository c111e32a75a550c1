package schemas

// The patterns of ids. A store's id is part of a topic's name, where '.' and '_' collide.
const (
	IDPattern      = `^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`
	StoreIDPattern = `^[A-Za-z0-9][A-Za-z0-9-]{0,127}$`
)

// IsID says whether a text matches IDPattern.
func IsID(id string) bool {
	return matchesID(id, func(c byte) bool { return c == '.' || c == '_' || c == '-' })
}

// IsStoreID says whether a text matches StoreIDPattern.
func IsStoreID(id string) bool {
	return matchesID(id, func(c byte) bool { return c == '-' })
}

func matchesID(id string, mark func(byte) bool) bool {
	if id == "" || len(id) > IDMaxChars || mark(id[0]) {
		return false
	}
	for i := range len(id) {
		c := id[i]
		alphanumeric := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !alphanumeric && !mark(c) {
			return false
		}
	}
	return true
}
