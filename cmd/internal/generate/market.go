package generate

import (
	"fmt"
	"strconv"
)

// market is a country in which retailers are.
type market struct {
	// zones are names of the IANA time zone database, the retailers' most common first.
	zones    []string
	locale   string
	currency string
	// minor is the number of decimals of the currency; ISO 4217.
	minor int
	// scale is about how many thousandths of the currency a US dollar is worth.
	scale int64
}

// markets returns the countries. Among them are changes of the clocks in both hemispheres, at midnight (Cairo,
// Santiago: the first minute of a day may not exist) and by half an hour (Lord Howe), offsets of half and three
// quarters of an hour, the last place of a day (Honolulu) and nearly its first (Chatham), and zones without any change;
// currencies of no, two and three decimals.
func markets() []market {
	return []market{
		{[]string{"America/New_York", "America/Chicago", "America/Los_Angeles", "America/Denver", "America/Phoenix",
			"Pacific/Honolulu"}, "en-US", "USD", 2, 1000},
		{[]string{"Europe/London"}, "en-GB", "GBP", 2, 800},
		{[]string{"Europe/Berlin"}, "de-DE", "EUR", 2, 900},
		{[]string{"Asia/Tokyo"}, "ja-JP", "JPY", 0, 150000},
		{[]string{"Asia/Kuwait"}, "ar-KW", "KWD", 3, 310},
		{[]string{"Australia/Sydney", "Australia/Adelaide", "Australia/Perth", "Australia/Lord_Howe"}, "en-AU", "AUD", 2, 1500},
		{[]string{"America/Toronto", "America/Vancouver", "America/St_Johns"}, "en-CA", "CAD", 2, 1400},
		{[]string{"America/Sao_Paulo", "America/Manaus"}, "pt-BR", "BRL", 2, 5500},
		{[]string{"Europe/Paris"}, "fr-FR", "EUR", 2, 900},
		{[]string{"America/Santiago"}, "es-CL", "CLP", 0, 950000},
		{[]string{"Africa/Cairo"}, "ar-EG", "EGP", 2, 48000},
		{[]string{"Pacific/Auckland", "Pacific/Chatham"}, "en-NZ", "NZD", 2, 1700},
		{[]string{"Asia/Kolkata"}, "hi-IN", "INR", 2, 84000},
		{[]string{"Africa/Tunis"}, "fr-TN", "TND", 3, 3100},
		{[]string{"Asia/Seoul"}, "ko-KR", "KRW", 0, 1380000},
		{[]string{"Asia/Kathmandu"}, "ne-NP", "NPR", 2, 134000},
	}
}

// amount writes thousandths of a US dollar as about as much in the market's currency, to its last decimal.
func (m market) amount(dollarMills int64) string {
	decimals := int64(1)
	for range m.minor {
		decimals *= 10
	}
	units := dollarMills * m.scale / 1000 * decimals / 1000
	if m.minor == 0 {
		return strconv.FormatInt(units, 10)
	}
	return fmt.Sprintf("%d.%0*d", units/decimals, m.minor, units%decimals)
}
