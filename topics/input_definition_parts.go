package topics

import "github.com/rmn-arms/campaign-engine/schemas"

// readMoney looks at the shape only: whether the amount is a decimal and the currency one of ISO 4217's is judged
// where money is understood.
func readMoney(value part) (m schemas.Money, broken *breach) {
	broken = readMembers(value, func(name string, value part) *breach {
		rule := ""
		switch name {
		case "amount":
			m.Amount, rule = readGivenText(value.text, schemas.DecimalMaxChars)
		case "currency":
			m.Currency, rule = readGivenText(value.text, schemas.CurrencyMaxChars)
		}
		return breachAt(name, rule)
	})
	switch {
	case broken != nil:
		return m, broken
	case m.Amount == "":
		return m, breachAt("amount", ruleRequired)
	case m.Currency == "":
		return m, breachAt("currency", ruleRequired)
	}
	return m, nil
}

func readStore(value part) (string, *breach) {
	store, rule := readStoreID(value.text)
	return store, breachAt("", rule)
}

func readCreative(value part) (c schemas.Creative, broken *breach) {
	broken = readMembers(value, func(name string, value part) *breach {
		rule := ""
		switch name {
		case "creative_id":
			c.CreativeID, rule = readID(value.text)
		case "version":
			c.Version, rule = readInteger(value.text, 1, schemas.IntegerMax)
		case "url":
			c.URL, rule = readURL(value.text)
		case "sha256":
			c.SHA256, rule = readSHA256(value.text)
		case "bytes":
			c.Bytes, rule = readInteger(value.text, 1, schemas.IntegerMax)
		case "mime":
			c.MIME, rule = readMediaType(value.text)
		case "duration_ms":
			c.DurationMs, rule = readInteger(value.text, 1, schemas.IntegerMax)
		}
		return breachAt(name, rule)
	})
	if missing := missingOfCreative(c); broken == nil && missing != "" {
		broken = breachAt(missing, ruleRequired)
	}
	return c, broken
}

func missingOfCreative(c schemas.Creative) string {
	switch {
	case c.CreativeID == "":
		return "creative_id"
	case c.Version == 0:
		return "version"
	case c.URL == "":
		return "url"
	case c.SHA256 == "":
		return "sha256"
	case c.Bytes == 0:
		return "bytes"
	case c.MIME == "":
		return "mime"
	case c.DurationMs == 0:
		return "duration_ms"
	}
	return ""
}

func readContact(value part) (c schemas.Contact, broken *breach) {
	broken = readMembers(value, func(name string, value part) *breach {
		rule := ""
		switch name {
		case "email":
			c.Email, rule = readEmail(value.text)
		case "name":
			c.Name, rule = readText(value.text, schemas.NameMaxChars)
		case "locale":
			c.Locale, rule = readLocale(value.text)
		}
		return breachAt(name, rule)
	})
	if broken == nil && c.Email == "" {
		broken = breachAt("email", ruleRequired)
	}
	return c, broken
}
