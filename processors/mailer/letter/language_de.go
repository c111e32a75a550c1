package letter

var german = language{
	tag: "de", decimal: ",", group: ".", percent: noBreak + "%",
	units: [4][2]string{{"Tag", "Tage"}, {"Stunde", "Stunden"}, {"Minute", "Minuten"}, {"Sekunde", "Sekunden"}},

	hello: "Guten Tag %s,", helloNobody: "Guten Tag,",
	subjects: [situations]string{
		hasStarted:            "Kampagne gestartet: %s",
		hasStartedLate:        "Kampagne verspätet gestartet: %s",
		hasEnded:              "Kampagne beendet (%[2]s): %[1]s",
		neverStarted:          "Kampagne ohne Start beendet (%[2]s): %[1]s",
		wasCancelled:          "Kampagne abgebrochen (%[2]s): %[1]s",
		wasCancelledRunning:   "Kampagne abgebrochen (%[2]s): %[1]s",
		wasCancelledPaused:    "Kampagne abgebrochen (%[2]s): %[1]s",
		neverStartedCancelled: "Kampagne vor dem Start abgebrochen (%[2]s): %[1]s",
	},
	leads: [situations]string{
		hasStarted:            "Ihre Kampagne „%s“ ist gestartet.",
		hasStartedLate:        "Ihre Kampagne „%s“ ist später als geplant gestartet.",
		hasEnded:              "Ihre Kampagne „%s“ ist beendet.",
		neverStarted:          "Ihre Kampagne „%s“ ist beendet, ohne je gestartet zu sein.",
		wasCancelled:          "Ihre Kampagne „%s“ wurde nach ihrem Start abgebrochen.",
		wasCancelledRunning:   "Ihre Kampagne „%s“ wurde abgebrochen, während sie lief.",
		wasCancelledPaused:    "Ihre Kampagne „%s“ wurde abgebrochen, während sie pausiert war.",
		neverStartedCancelled: "Ihre Kampagne „%s“ wurde vor ihrem Start abgebrochen.",
	},
	final: "endgültig", provisional: "vorläufig",

	late: "Sie ist um %s später als geplant gestartet. Die Geräte richten sich nach den geplanten Zeiten; was sie ab dem " +
		"geplanten Start gespielt haben, zählt.",
	follows: "Diese Nachricht ist vorläufig: Es werden noch Ausspielungen gezählt, bis die Zählung um %s oder kurz danach " +
		"schließt. Vorher wird nichts freigegeben. Die endgültigen Zahlen folgen in einer weiteren Mail.",
	soFar: "Diese Nachricht ist vorläufig: Die Zahlen unten sind die bisherigen und können noch steigen, bis die Zählung um %s " +
		"oder kurz danach schließt. Vorher wird nichts freigegeben. Die endgültigen Zahlen folgen in einer weiteren Mail.",
	nothing:       "Es wurde keine Ausspielung gezählt.",
	nothingYet:    "Bisher wurde keine Ausspielung gezählt.",
	overran:       "Gezählte Ausspielungen, die über das Ende der Kampagne hinaus dauerten: %s.",
	price:         "%s je 1.000 Impressions",
	priceInForce:  "am Ende gültig",
	toWallet:      "auf das Guthabenkonto von %s",
	releasedLater: "noch nichts",
	foot:          "Sie erhalten diese Mail, weil Sie als Kontakt dieser Kampagne genannt sind.",
	unsubscribe:   "Abmelden",

	labels: labels{
		campaign: "Kampagne", advertiser: "Werbekunde", zone: "Zeitzone", starts: "Laufzeit von", ends: "Laufzeit bis",
		started: "Gestartet", ended: "Beendet", cancelled: "Abgebrochen", cause: "Angegebener Grund",
		ready: "Beim Start bereite Geräte",
		plays: "Ausspielungen", impressions: "Impressions", price: "Preis (TKP)", budget: "Budget", spent: "Ausgegeben",
		released: "Freigegeben", statement: "Abrechnung", due: "Zählung schließt", playsSoFar: "Ausspielungen bisher",
		impressionsSoFar: "Impressions bisher", spentSoFar: "Bisher ausgegeben", store: "Filiale", creative: "Motiv", reason: "Grund",
	},
	figuresSoFar: "Bisherige Zahlen, nicht endgültig",
	topStores:    "Nach Filialen", topCreative: "Nach Motiven", notCounted: "Nicht gezählte Ausspielungen, und warum",
	more:        [2]string{"und 1 weitere", "und %s weitere"},
	listed:      "Die Abrechnung nennt %s von %s; dies sind die größten der genannten.",
	listedSoFar: "%s von %s wurden betrachtet; dies sind die größten davon.",
	verdicts: map[string]string{
		"duplicate":        "mehrfach gemeldet",
		"out-of-window":    "außerhalb der Laufzeit",
		"not-active":       "während die Kampagne pausiert war oder aus anderem Grund nicht lief",
		"after-lock":       "gemeldet, nachdem die Zählung geschlossen war",
		"over-budget":      "über das Budget hinaus",
		"unknown-campaign": "gemeldet, bevor die Kampagne bekannt war",
		"invalid":          "mit unmöglichen Angaben",
	},
	noStores:  "die Kampagne nennt keine Filialen",
	noDevices: "keine; die Filialen haben keine Geräte oder wussten noch nicht von der Kampagne",
	unknown:   "nicht bekannt",
	readyMeans: "Bereit: Die Inhalte sind auf dem Gerät. Die übrigen spielen die Kampagne, sobald sie die Inhalte haben; " +
		"berechnet wird nur, was gespielt wird.",
}
